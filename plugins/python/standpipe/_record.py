from . import json
from ._failure import Failure


class Record:
    """One record.

    `payload` are its bytes; lines come without their line ending.
    """

    __slots__ = ("payload", "_number", "_batch")

    def __init__(self, payload, number, batch):
        self.payload = payload
        self._number = number
        self._batch = batch

    @property
    def text(self):
        """The payload as text. Fails with `not-utf8`."""
        try:
            return self.payload.decode()
        except UnicodeDecodeError as error:
            byte = error.object[error.start]
            raise Failure("not-utf8", f"the record is not UTF-8: byte 0x{byte:02x} at {error.start}") from None

    def json(self):
        """The payload as a JSON value. Fails with `not-json`."""
        try:
            return json.loads(self.payload)
        except ValueError as error:
            raise Failure("not-json", f"the record is not JSON: {error}") from None

    @property
    def arrival_ms(self):
        """When it arrived, in milliseconds since 1970."""
        return self._batch.arrival_ms[self._number]

    def column(self, name):
        """Its value in the column `name`, bytes, or `None`.

        There is none unless the plugin asks for the column under `columns` in `plugin.json`.
        """
        for column in self._batch.columns:
            if column.name == name:
                return column.get(self._number)
        return None

    def __repr__(self):
        return f"Record({self.payload!r})"
