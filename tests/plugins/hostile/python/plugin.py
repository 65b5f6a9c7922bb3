"""Gives every record back, but for a few payloads that try to take the instance down."""

import os
import sys


def transform(record, params, out):
    harm = HARM.get(record.payload)
    if harm is None:
        out.emit(record.payload)
    else:
        harm(out)


def loop(out):
    while True:
        pass


def hog(out):
    held = []
    while True:
        held.append(bytearray(1 << 20))


kept = []


def keep(out):
    """Like `hog`, but what it holds outlives the record."""
    while True:
        kept.append(bytearray(1 << 20))


def deep(out):
    deep(out)


def throw(out):
    raise ValueError("boom at throw")


def leave(out):
    print("leaving")
    sys.exit(3)


def exit_now(out):
    os._exit(3)


def abort(out):
    os.abort()


def nested(out):
    """Brackets without end, for the reader of JSON, which recurses in C."""
    import json

    json.loads("[" * 1_000_000)


def huge(out):
    piece = b"x" * (1 << 20)
    for _ in range(64):
        out.emit(piece)


HARM = {
    b"loop": loop,
    b"hog": hog,
    b"keep": keep,
    b"deep": deep,
    b"throw": throw,
    b"exit": leave,
    b"exit-now": exit_now,
    b"abort": abort,
    b"nested": nested,
    b"huge": huge,
}
