from itertools import accumulate

from . import json
from ._column import OutputColumn, bytes_of
from ._failure import plain


class Outputs:
    """Where a plugin puts the outputs of the record that it was given."""

    __slots__ = ("_payloads", "_origins", "_columns", "_origin", "_dropped")

    def __init__(self):
        self._payloads = []
        self._origins = []
        self._columns = {}
        # The record that is being worked on, and whether it is to be dropped.
        self._origin = 0
        self._dropped = False

    def emit(self, payload, columns=None):
        """Adds an output, bytes or text.

        `columns` are partition keys and routing: a dictionary of names to bytes or text. An output inherits
        the columns of its record; these go over them. `None` is no value. Whoever sets a column on some
        outputs only, and wants the others to keep what they inherit, asks for that column in `plugin.json`.
        """
        payload = bytes_of(payload, "an output")
        if columns:
            columns = [
                (plain(name), bytes_of(value, "a column's value"))
                for name, value in columns.items()
                if value is not None
            ]
            row = len(self._payloads)
            for name, value in columns:
                column = self._columns.get(name)
                if column is None:
                    column = self._columns[name] = OutputColumn(name)
                column.set(row, value)
        self._payloads.append(payload)
        self._origins.append(self._origin)

    def emit_json(self, value, columns=None):
        """Adds an output, `value` as compact JSON."""
        self.emit(json.dumps(value), columns)

    def drop(self):
        """Leaves the record out on purpose. Outputs that it has are taken back."""
        self._dropped = True

    def _withdraw(self):
        """Takes back what the record emitted."""
        rows = len(self._origins)
        while rows and self._origins[rows - 1] == self._origin:
            rows -= 1
        del self._origins[rows:]
        del self._payloads[rows:]
        for column in self._columns.values():
            # Values stay behind unused; a later output may find its own among them.
            del column.index[rows:]

    def _finish(self, inputs):
        """Payload, ends, origins and columns. Where an output has no value of its own, one that its record
        has in an input column of that name stands: what it inherits must not depend on its neighbours."""
        columns = []
        for column in self._columns.values():
            # A column whose every value was taken back would hide what the outputs inherit.
            if column.is_empty():
                continue
            column.pad(len(self._origins))
            for given in inputs:
                if given.name == column.name:
                    column.inherit(given, self._origins)
            columns.append(column)
        ends = list(accumulate(map(len, self._payloads)))
        return b"".join(self._payloads), ends, self._origins, columns
