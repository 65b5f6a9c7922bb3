"""Routes JSON objects to zones."""

from standpipe import Failure, count, log


def transform(record, params, out):
    try:
        event = record.json()
    except Failure:
        event = None
    if not isinstance(event, dict):
        raise Failure("not-json", "the record is not a JSON object")

    kind = event.get("kind")
    if kind == "debug":
        count("dropped")
        return out.drop()
    if kind == "corrupt":
        raise Failure("corrupt", "kind `corrupt` is refused")

    zones = params["zones"]
    if kind == "global":
        log("debug", "global record")
    else:
        zones = zones[:1]
    for zone in zones:
        event["zone"] = zone
        out.emit_json(event, {"zone": zone})
    count("emitted", len(zones))
