"""A plugin under test: run it natively over some records and look at what became of each.

    outcomes = testing.run(plugin.transform, ["hey", "you"])
    self.assertEqual(outcomes.texts, ["HEY", "YOU"])
"""

import json
import sys
from dataclasses import dataclass

from . import _batch, _host, _plugin
from ._column import InputColumn, OutputColumn, bytes_of

_LEVELS = ("trace", "debug", "info", "warn", "error")
_CONTEXT = {
    "stream": "test",
    "arn": "arn:aws:firehose:us-east-1:000000000000:deliverystream/test",
    "region": "us-east-1",
    "host": "0.0.0",
}


@dataclass
class Output:
    """An output: the number of its record, its bytes, and the columns that it goes on with, which are those of
    its record and over them those that the plugin set."""

    origin: int
    payload: bytes
    columns: dict

    @property
    def text(self):
        return self.payload.decode()

    def json(self):
        return json.loads(self.payload)


@dataclass
class Failed:
    """A record that failed: its number and why. `stack` has lines for what nobody caught."""

    origin: int
    code: str
    message: str
    stack: list


@dataclass
class Outcomes:
    """What became of the records: outputs, the numbers of the dropped, the failed; and what the plugin said:
    pairs of level and message, and sums by metric."""

    outputs: list
    dropped: list
    failed: list
    logs: list
    counts: dict

    @property
    def texts(self):
        return [output.text for output in self.outputs]


def run(transform, records, *, params=None, arrival_ms=0, columns=None, init=None, context=None):
    """Runs the function over records, bytes or text.

    `arrival_ms` is one time for all or a list; `columns` is a list with a dictionary for each record. As in the
    host, `init` of the module that the function is from works on the params, unless another is given.
    Raises `AssertionError` for a record that is neither emitted nor dropped nor failed.
    """
    module = _Module(transform, init or getattr(sys.modules.get(transform.__module__), "init", None))
    _plugin.check(module)
    logs = []
    _host.take_counts()
    _host.send_to(lambda level, message: logs.append((_LEVELS[level], message)))
    settings = _plugin.settings(module, _copy(params or {}), {**_CONTEXT, **(context or {})})
    payloads = [bytes_of(record, "a record") for record in records]
    given = _given(columns, len(payloads))
    made = _batch.run(transform, settings, _lay_out(payloads, arrival_ms, given))
    failed = [_failed(*failure) for failure in made.failed]
    fates = {*made.origins, *made.dropped, *(one.origin for one in failed)}
    missing = [number for number in range(len(payloads)) if number not in fates]
    assert not missing, f"neither emitted nor dropped nor failed: records {missing}"
    return Outcomes(_outputs(made, given), made.dropped, failed, logs, _host.take_counts())


@dataclass
class _Module:
    transform: object
    init: object


def _copy(params):
    """A copy, so that no test changes another's; and JSON is all that params can be."""
    return json.loads(json.dumps(params))


def _given(columns, records):
    if columns is None:
        return [{}] * records
    if len(columns) != records:
        raise ValueError(f"columns for {len(columns)} records, but there are {records}")
    return [{name: bytes_of(value, "a column's value") for name, value in (row or {}).items()} for row in columns]


def _lay_out(payloads, arrival_ms, given):
    """The batch as the host would pass it."""
    ends = []
    for payload in payloads:
        ends.append((ends[-1] if ends else 0) + len(payload))
    times = [arrival_ms] * len(payloads) if isinstance(arrival_ms, int) else list(arrival_ms)
    if len(times) != len(payloads):
        raise ValueError(f"{len(times)} arrival times for {len(payloads)} records")
    columns = []
    for name in dict.fromkeys(name for row in given for name in row):
        column = OutputColumn(name)
        for number, row in enumerate(given):
            if name in row:
                column.set(number, row[name])
        column.pad(len(given))
        columns.append(InputColumn(name, column.values, column.ends, column.index))
    return _batch.Batch(b"".join(payloads), ends, times, columns)


def _outputs(made, given):
    outputs = []
    start = 0
    columns = [InputColumn(column.name, column.values, column.ends, column.index) for column in made.columns]
    for row, (origin, end) in enumerate(zip(made.origins, made.ends)):
        own = dict(given[origin])
        for column in columns:
            # The host's rule: a column that comes back replaces the inherited one, also where it is absent.
            value = column.get(row)
            own.pop(column.name, None) if value is None else own.update({column.name: value})
        outputs.append(Output(origin, made.payload[start:end], own))
        start = end
    return outputs


def _failed(origin, code, message):
    message, *stack = message.split("\n")
    return Failed(origin, code, message, stack)
