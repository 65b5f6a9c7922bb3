from itertools import accumulate, repeat

from ._failure import Failure

# The value number of a row that has no value.
ABSENT = 0xFFFFFFFF


class InputColumn:
    """A column that the host passes."""

    __slots__ = ("name", "_values", "_ends", "_index")

    def __init__(self, name, values, ends, index):
        self.name = name
        self._values = values
        self._ends = ends
        self._index = index

    def get(self, row):
        """The value of a record, or `None`."""
        number = self._index[row]
        if number == ABSENT:
            return None
        return self._values[self._ends[number - 1] if number else 0 : self._ends[number]]


class OutputColumn:
    """A column that a plugin sets. Equal values are stored once."""

    __slots__ = ("name", "index", "_numbers")

    def __init__(self, name):
        self.name = name
        self.index = []
        self._numbers = {}

    def set(self, row, value):
        """Gives a row a value; rows between the last one and this have none."""
        self.pad(row)
        self.index.append(self._number(value))

    def pad(self, rows):
        if len(self.index) < rows:
            self.index.extend(repeat(ABSENT, rows - len(self.index)))

    def inherit(self, column, origins):
        """Takes for rows without a value the one that their record has in an input column."""
        for row, number in enumerate(self.index):
            if number == ABSENT and (value := column.get(origins[row])) is not None:
                self.index[row] = self._number(value)

    def is_empty(self):
        return all(number == ABSENT for number in self.index)

    def _number(self, value):
        return self._numbers.setdefault(value, len(self._numbers))

    @property
    def values(self):
        return b"".join(self._numbers)

    @property
    def ends(self):
        return list(accumulate(map(len, self._numbers)))


def bytes_of(value, what):
    """Bytes as they are, text as UTF-8."""
    if type(value) is bytes:
        return value
    if isinstance(value, str):
        try:
            return value.encode()
        except UnicodeEncodeError as error:
            raise Failure("not-utf8", f"{what} is not Unicode: half a surrogate pair at {error.start}") from None
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    raise TypeError(f"{what} is bytes or text, not {type(value).__name__}")
