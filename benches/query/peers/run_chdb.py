"""One SQL query in ClickHouse (chDB): rows as JSON arrays, then the seconds of the query alone."""
import os
import sys
import time

import chdb

sql = f"{sys.argv[1]} SETTINGS max_threads={len(os.sched_getaffinity(0))}"
begin = time.perf_counter()
answer = chdb.query(sql, "JSONCompactEachRow")
seconds = time.perf_counter() - begin
sys.stdout.buffer.write(answer.bytes())
print(f"inside {seconds:.6f}", file=sys.stderr)
