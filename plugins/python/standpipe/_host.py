"""What a plugin tells the host."""

import io

from ._failure import plain

_LEVELS = {"trace": 0, "debug": 1, "info": 2, "warn": 3, "error": 4}
_MOST = 2**64 - 1

_counts = {}


def _nowhere(level, message):
    pass


# Where lines go, and who is told which record they belong to: the host's imports in a component, a list in a test.
_log = _nowhere
_at = None

# The outputs of the batch, which know its record, and the record that the host was told of.
_outputs = None
_told = None


def log(level, message):
    """Writes a line to the host's log. `level` is `trace`, `debug`, `info`, `warn` or `error`.

    What is logged while a record fails is kept with its failure. `print` works too.
    """
    number = _LEVELS.get(level)
    if number is None:
        raise ValueError(f"`{level}` is no level: it is one of {', '.join(_LEVELS)}")
    _tell()
    _log(number, plain(str(message)))


def count(metric, value=1):
    """Adds `value` to the plugin's counter `metric`. Cheap: sums are passed to the host once a batch.

    Names match `[a-z][a-z0-9_]*`; list them under `metrics` in `plugin.json`.
    """
    if not isinstance(metric, str):
        raise TypeError(f"a metric's name is a string, not {type(metric).__name__}")
    if not isinstance(value, int) or value < 0:
        raise ValueError(f"a counter grows by whole numbers, not by {value!r}")
    _counts[metric] = min(_counts.get(metric, 0) + int(value), _MOST)


def send_to(sink, at=None):
    """Sends log lines there from now on: a function of a level's number and a message, and one of a record's."""
    global _log, _at
    _log = sink
    _at = at


def begin(outputs):
    """Turns to the next batch."""
    global _outputs, _told
    _outputs = outputs
    _told = None


def _tell():
    """Before the first line of a record: whose it is."""
    global _told
    if _at is not None and _outputs is not None and _outputs._origin != _told:
        _told = _outputs._origin
        _at(_told)


class Printed(io.TextIOBase):
    """What `print` writes to: the stream as it was, but the host knows whose line it is."""

    def __init__(self, stream):
        self._stream = stream

    def writable(self):
        return True

    def write(self, text):
        _tell()
        written = self._stream.write(text)
        self._stream.flush()
        return written


def take_counts():
    """What was counted since the last time."""
    taken = {plain(metric): value for metric, value in _counts.items()}
    _counts.clear()
    return taken
