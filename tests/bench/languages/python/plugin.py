"""Adds `"seen":true` to JSON objects."""

from standpipe import Failure


def transform(record, params, out):
    event = record.json()
    if not isinstance(event, dict):
        raise Failure("not-json", "the record is not a JSON object")
    event["seen"] = True
    out.emit_json(event)
