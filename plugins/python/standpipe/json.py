"""JSON as records carry it: compact, and strict where Python's `json` is not.

A batch is thousands of small documents, so reader and writer are made once; Python's `loads` and `dumps`
set themselves up anew for each.
"""

import json.encoder
import re

# Reader and writer recurse, and the host gives a plugin a stack for some 800 levels.
DEEPEST = 500


def loads(document):
    """The value of a JSON document, text or UTF-8. Raises `ValueError`, also for what is nested too deeply."""
    if isinstance(document, str):
        text = document
        if text.count("[") + text.count("{") > DEEPEST:
            _measure(text.encode("utf-8", "surrogatepass"))
    else:
        text = document.decode()
        if document.count(b"[") + document.count(b"{") > DEEPEST:
            _measure(document)
    try:
        value, end = _scan(text, 0)
        if end == len(text):
            return value
    except StopIteration:
        pass
    # White space around it, or an error, for which this finds the words.
    return _decoder.decode(text)


def dumps(value):
    """The value as compact JSON, text as it is. Raises `ValueError` for numbers that JSON has not."""
    return _quote(value) if type(value) is str else "".join(_write(value, 0))


def _refuse(constant):
    raise ValueError(f"`{constant}` is not JSON")


_decoder = json.JSONDecoder(parse_constant=_refuse)
_scan = _decoder.scan_once
_quote = json.encoder.encode_basestring
_encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":"))


def _writer():
    if json.encoder.c_make_encoder is None:
        return lambda value, level: _encoder.iterencode(value)
    return json.encoder.c_make_encoder(
        None,  # no search for circles: one ends in a `RecursionError`
        _encoder.default,
        _quote,
        None,  # no indent
        _encoder.key_separator,
        _encoder.item_separator,
        _encoder.sort_keys,
        _encoder.skipkeys,
        _encoder.allow_nan,
    )


_write = _writer()

_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")
_ROUNDS = 50
_STRING_OR_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*"|[][}{]')


def _measure(document):
    """Raises `ValueError` if it is nested too deeply. Taking out pairs finds most documents to be flat at once;
    brackets in strings may stand in the way, and only then every bracket is looked at."""
    rest = document.translate(None, _NO_BRACKETS)
    for _ in range(_ROUNDS):
        before = len(rest)
        if before <= DEEPEST - _ROUNDS:
            return
        rest = rest.replace(b"[]", b"").replace(b"{}", b"")
        if len(rest) == before:
            break
    depth = 0
    for found in _STRING_OR_BRACKET.finditer(document):
        first = document[found.start()]
        if first in b"[{":
            depth += 1
            if depth > DEEPEST:
                raise ValueError(f"it is nested more than {DEEPEST} levels deep")
        elif first in b"]}":
            depth -= 1
