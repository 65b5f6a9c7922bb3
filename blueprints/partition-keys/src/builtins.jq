# Dates. Local time is UTC.
def localtime: gmtime;
def strflocaltime($format): strftime($format);
def todateiso8601: strftime("%Y-%m-%dT%H:%M:%SZ");
def todate: todateiso8601;

# Text
def join($by):
  reduce (.[] | if . == null then "" else tostring end) as $part (null; if . == null then $part else . + $by + $part end)
  // "";
def @text: tostring;
def @uri: tostring | encode_uri
  | reduce (["%21", "!"], ["%27", "'"], ["%28", "("], ["%29", ")"], ["%2A", "*"]) as [$code, $char]
      (.; split($code) | join($char));
def @base64d: tostring | . + "=" * ((4 - utf8bytelength % 4) % 4) | decode_base64;
def cell(quoted):
  if . == null then "" elif isnumber or isboolean then tostring elif isstring then quoted
  else error("\(type) in a row") end;
def @csv: map(cell("\"" + (split("\"") | join("\"\"")) + "\"")) | join(",");
def @tsv:
  map(cell(reduce (["\\", "\\\\"], ["\t", "\\t"], ["\n", "\\n"], ["\r", "\\r"]) as [$char, $code]
    (.; split($char) | join($code)))) | join("\t");

# Objects and arrays
def from_entries:
  reduce .[] as $entry ({}; . + ($entry | {
    (.key // .k // .name // .Name // .K // .Key | if . == null then "null" else tostring end):
      (if has("value") then .value else .Value // .v end)
  }));
def leaf_paths: paths(. < []);
def IN(values): any(values == .; .);
def IN(from; values): any(from == values; .);
def INDEX(rows; key): reduce rows as $row ({}; . + ($row | { (key | tostring): . }));
def INDEX(key): INDEX(.[]; key);

def gamma: lgamma;
