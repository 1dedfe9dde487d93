# What jq defines and the engine does not, or defines otherwise. Read before
# every program; `tests/query/jq_reference.toml` holds it to jq.

def now: $__now;

# Dates in the query's zone.
def localtime: (. + __utc_offset($__zone)) | gmtime;
def strflocaltime($format):
  (if isnumber then . else mktime | __from_local($__zone) end) as $at
  | $at | localtime | strftime($format | __in_zone($at; $__zone));
def todate: if isarray then mktime else . end | todateiso8601;
def date: todate;
def dateadd($unit; $by): . + $by;
def datesub($unit; $by): . - $by;

# Paths: missing objects and arrays are made on the way.
def setpath($path; $value): __setpath($path; $value);
def delpaths($paths): __delpaths($paths);
def del(f): delpaths([path(f)]);
def from_entries:
  def key: if .key != null then .key elif .k != null then .k elif .name != null then .name
    elif .Name != null then .Name elif .K != null then .K else .Key end
    | if isstring then . else tojson end;
  def value: if has("value") then .value elif has("v") then .v else .Value end;
  reduce .[] as $entry ({}; .[$entry | key] = ($entry | value));
def with_entries(f): to_entries | map(f) | from_entries;
def walk(f): def inner: if isobject or isarray then map_values(inner) else . end | f; inner;
def leaf_paths: paths(scalars);
def recurse_down: recurse;
def scalars_or_empty: scalars;
def pick(f): . as $whole | reduce path(f) as $path (null; __setpath($path; $whole | getpath($path)));

# Streams of paths and leaves.
def tostream:
  def step($path): if (isobject or isarray) and length > 0
    then (keys_unsorted as $keys | ($keys[] as $key | .[$key] | step($path + [$key])), [$path + [$keys[-1]]])
    else [$path, .] end;
  def top: if (isobject or isarray) and length > 0
    then keys_unsorted as $keys | ($keys[] as $key | .[$key] | step([$key])), [[$keys[-1]]]
    else [[], .] end;
  top;
def fromstream(events):
  foreach events as $event ({done: true};
    (if .done then {value: null} else . end)
    | if $event | length == 2
      then __setpath(["value"] + $event[0]; $event[1]) | .done = ($event[0] | length == 0)
      else .done = ($event[0] | length == 1) end;
    if .done then .value else empty end);
def truncate_stream(events): . as $depth | events | select(.[0] | length > $depth) | .[0] |= .[$depth:];
def truncate_stream($depth; events): $depth | truncate_stream(events);

# Arrays and strings.
def join($between):
  def text: if . == null then "" elif isboolean or isnumber then tojson else . end;
  if length == 0 then "" else reduce .[1:][] as $next (.[0] | "" + text; . + $between + ($next | text)) end;
def flatten: [recurse(arrays[]) | select(isarray | not)];
def flatten($depth):
  if $depth < 0 then error("flatten depth must not be negative")
  else [.[] | if isarray and $depth > 0 then flatten($depth - 1)[] else . end] end;
def nth($n): .[$n | __index];
def ascii: [.] | implode;
def @base32: tostring | __to_base32;
def @base32d: tostring | __from_base32;
def lgamma_r: [lgamma, if . >= 0 or . == floor or (floor / 2 | . == floor) then 1 else -1 end];
def ltrimstr($start):
  if isstring and ($start | isstring) and startswith($start) then .[$start | length:] else . end;
def rtrimstr($end):
  if isstring and ($end | isstring) and $end != "" and endswith($end) then .[:-($end | length)] else . end;
def @csv:
  def cell: if isstring then "\"" + (split("\"") | join("\"\"")) + "\"" elif . == null then ""
    elif isnumber or isboolean then tojson else error("\(type) (\(tojson)) is not valid in a csv row") end;
  if isarray then map(cell) | join(",") else error("\(type) (\(tojson)) cannot be csv-formatted, only an array can be") end;
def @tsv:
  def escaped($character; $as): split($character) | join($as);
  def cell: if isstring then escaped("\\"; "\\\\") | escaped("\t"; "\\t") | escaped("\n"; "\\n") | escaped("\r"; "\\r")
    elif . == null then "" elif isnumber or isboolean then tojson
    else error("\(type) (\(tojson)) is not valid in a tsv row") end;
  if isarray then map(cell) | join("\t") else error("\(type) (\(tojson)) cannot be tsv-formatted, only an array can be") end;
def format($name):
  if $name == "text" then @text elif $name == "json" then @json elif $name == "csv" then @csv elif $name == "tsv" then @tsv
  elif $name == "html" then @html elif $name == "uri" then @uri elif $name == "sh" then @sh
  elif $name == "base64" then @base64 elif $name == "base64d" then @base64d
  elif $name == "base32" then @base32 elif $name == "base32d" then @base32d
  else error("\($name) is not a valid format") end;
def toarray: if isarray then . else [.] end;

# SQL in jq's manner.
def IN(values): any(values == .; .);
def IN(source; values): any(source == values; .);
def INDEX(rows; key): reduce rows as $row ({}; .[$row | key | tostring] = $row);
def INDEX(key): INDEX(.[]; key);
def JOIN($index; key): [.[] | [., $index[key]]];
def JOIN($index; rows; key): rows | [., $index[key]];
def JOIN($index; rows; key; join): rows | [., $index[key]] | join;
