"""The component's side: the exports of the contract. It runs only where componentize-py has made the bindings."""

import json
import sys

import plugin
from componentize_py_types import Err
from wit_world.exports import batch as wit
from wit_world.imports import host

from . import _batch, _host, _plugin, _prepare
from ._column import InputColumn
from ._failure import Failure


class Batch:
    """The interface `batch`. Each export has an instance of its own, so what they share belongs to the class."""

    params = None

    def init(self, params, context):
        _host.send_to(host.log, host.at)
        sys.stdout, sys.stderr = _host.Printed(sys.stdout), _host.Printed(sys.stderr)
        try:
            Batch.params = _plugin.settings(plugin, json.loads(params), json.loads(context))
        except Failure as failure:
            raise _error(failure) from None
        except BaseException as error:
            raise _error(Failure("uncaught", _batch.uncaught(error))) from None
        _send_counts()

    def transform(self, records):
        columns = [InputColumn(column.name, column.values, column.ends, column.index) for column in records.columns]
        batch = _batch.Batch(records.payload, records.ends, records.arrival_ms, columns)
        try:
            made = _batch.run(plugin.transform, self.params, batch)
        except Failure as failure:
            raise _error(failure) from None
        _send_counts()
        return wit.Outcomes(
            made.payload,
            made.ends,
            made.origins,
            [wit.Column(column.name, column.values, column.ends, column.index) for column in made.columns],
            made.dropped,
            [wit.Failure(*failure) for failure in made.failed],
        )


def _error(failure):
    return Err(wit.Error(failure.code, failure.message))


def _send_counts():
    for metric, sum in _host.take_counts().items():
        host.count(metric, sum)


_plugin.check(plugin)
_prepare.prepare()
