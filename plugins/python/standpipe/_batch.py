"""A batch through the author's function. The component and the tests share this code."""

import gc

from . import _host
from ._failure import Failure, describe, one_line
from ._outputs import Outputs
from ._record import Record

# What has to be free after a `MemoryError` for the instance to be of use.
_ROOM = 8 << 20


class Batch:
    """Records laid end to end: what the host passes."""

    __slots__ = ("payload", "ends", "arrival_ms", "columns")

    def __init__(self, payload, ends, arrival_ms, columns):
        self.payload = payload
        self.ends = ends
        self.arrival_ms = arrival_ms
        self.columns = columns


class Outcomes:
    """What became of the records; `failed` holds tuples of number, code and message."""

    __slots__ = ("payload", "ends", "origins", "columns", "dropped", "failed")

    def __init__(self, payload, ends, origins, columns, dropped, failed):
        self.payload = payload
        self.ends = ends
        self.origins = origins
        self.columns = columns
        self.dropped = dropped
        self.failed = failed


def run(transform, params, batch):
    """Transforms a batch. A failure that this raises is one for the whole of it."""
    out = Outputs()
    _host.begin(out)
    dropped = []
    failed = []
    payload = batch.payload
    start = 0
    for number, end in enumerate(batch.ends):
        out._origin = number
        try:
            transform(Record(payload[start:end], number, batch), params, out)
        except Failure as failure:
            out._withdraw()
            out._dropped = False
            failed.append((number, one_line(failure.code), one_line(failure.message)))
        except BaseException as error:
            out._withdraw()
            out._dropped = False
            failed.append((number, "uncaught", uncaught(error)))
        else:
            if out._dropped:
                out._withdraw()
                out._dropped = False
                dropped.append(number)
        start = end
    try:
        outcomes = Outcomes(*out._finish(batch.columns), dropped, failed)
        # The bindings copy it, and where there is no room they end the instance without a word.
        bytearray(len(outcomes.payload))
    except MemoryError:
        size = sum(map(len, out._payloads))
        raise Failure("uncaught", f"MemoryError: {size} bytes of output, and no room to pass them on") from None
    return outcomes


def uncaught(error):
    """What is told of an exception that is none of the author's failures: also of `SystemExit`."""
    if not isinstance(error, MemoryError):
        return describe(error)
    # Its frames hold what filled the memory, and to describe it takes some.
    traceback = error.__traceback__
    while traceback is not None:
        try:
            traceback.tb_frame.clear()
        except RuntimeError:
            pass  # this one is still running: ours
        traceback = traceback.tb_next
    gc.collect()
    message = describe(error)
    try:
        bytearray(_ROOM)
    except MemoryError:
        # Something else holds it, so the next record would fail for this one. An error for the whole batch
        # makes the host run its records one by one, each on an instance that is sound.
        raise Failure("uncaught", message) from None
    return message
