"""One SQL query in DuckDB: rows as JSON arrays, then the seconds of the query alone."""
import datetime
import json
import os
import sys
import time

import duckdb

connection = duckdb.connect()
connection.execute(f"SET threads={len(os.sched_getaffinity(0))}")
connection.execute("SET TimeZone='UTC'")
begin = time.perf_counter()
rows = connection.execute(sys.argv[1]).fetchall()
seconds = time.perf_counter() - begin


def instant(value: datetime.datetime) -> str:
    return value.isoformat(timespec="microseconds") + "Z"


sys.stdout.writelines(json.dumps(row, default=instant) + "\n" for row in rows)
print(f"inside {seconds:.6f}", file=sys.stderr)
