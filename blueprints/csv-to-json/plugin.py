"""A line of CSV becomes a JSON object."""

import csv
import re

from standpipe import Failure, json

# The host bounds a record; the reader need not.
csv.field_size_limit(2**31 - 1)


def init(params, context):
    return Layout(params)


def transform(record, layout, out):
    members = []
    for column, field in zip(layout.columns, layout.fields(record.text)):
        if field or layout.empty == "keep":
            members.append(column.key + column.value(field))
        elif layout.empty == "null":
            members.append(column.key + "null")
    out.emit("{" + ",".join(members) + "}")


class Layout:
    """The params, worked out."""

    def __init__(self, params):
        names = params.get("columns")
        if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
            raise Failure("bad-params", "`columns` has to list the names of the fields")
        if len(set(names)) < len(names):
            raise Failure("bad-params", "`columns` has a name twice")
        types = params.get("types", {})
        for name in types:
            if name not in names:
                raise Failure("bad-params", f"`types.{name}`: there is no column `{name}`")
        self.columns = [Column(name, one_of(types, name, list(TYPES), "types.")) for name in names]
        delimiter = params.get("delimiter", ",")
        if not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '"\r\n':
            raise Failure("bad-params", "`delimiter` has to be one character, no quote and no line end")
        # Made once: with the options given to it, each reader would make its own.
        csv.register_dialect("record", delimiter=delimiter, strict=True)
        self.dialect = csv.get_dialect("record")
        self.empty = one_of(params, "empty", ["keep", "null", "omit"])
        self.extra = one_of(params, "extra", ["fail", "drop"])

    def fields(self, line):
        """The fields of a line, no fewer than there are columns."""
        try:
            fields = next(csv.reader([line], self.dialect)) or [""]
        except csv.Error as error:
            raise Failure("not-csv", problem(str(error))) from None
        if len(fields) < len(self.columns):
            raise Failure("too-few-fields", f"the record has {len(fields)} of {len(self.columns)} fields")
        if len(fields) > len(self.columns) and self.extra == "fail":
            raise Failure("too-many-fields", f"the record has {len(fields)} fields, not {len(self.columns)}")
        return fields


class Column:
    """What the fields of a column become."""

    def __init__(self, name, kind):
        self.name = name
        self.kind = kind
        self.key = json.dumps(name) + ":"
        self.convert, self.noun = TYPES[kind]

    def value(self, field):
        """The field as JSON."""
        value = self.convert(field)
        if value is None:
            told = "an empty field" if not field else f"`{field}`" if len(field) <= 100 else f"`{field[:100]}…`"
            raise Failure(f"bad-{self.kind}", f"column `{self.name}`: {told} is not {self.noun}")
        return value


def one_of(params, name, choices, place=""):
    """A param that is one of some words, the first where it is missing."""
    value = params.get(name, choices[0])
    if value not in choices:
        raise Failure("bad-params", f"`{place}{name}` has to be one of {', '.join(choices)}")
    return value


def problem(error):
    """What the reader found, in the same words under every version of it."""
    if "end of data" in error:
        return "a quoted field is not closed"
    if "new-line" in error:
        return "a line end in a field without quotes"
    return "a quoted field goes on behind its closing quote"


# Each pattern has one way to match, so that long nonsense takes no longer than it is long.
INTEGER = re.compile(r"(?:\+|(-))?0*(0|[1-9][0-9]*)")
NUMBER = re.compile(r"(?:\+|(-))?(?=\.?[0-9])0*([1-9][0-9]*)?(?:(\.[0-9]+)|\.)?([eE][+-]?[0-9]+)?")
BOOLEANS = {"true": "true", "1": "true", "false": "false", "0": "false"}


def integer(field):
    found = INTEGER.fullmatch(field.strip())
    return found and (found[1] or "") + found[2]


def number(field):
    """In the spelling of JSON and digit by digit: what a float would round stays as it is."""
    found = NUMBER.fullmatch(field.strip())
    return found and (found[1] or "") + (found[2] or "0") + (found[3] or "") + (found[4] or "")


def boolean(field):
    return BOOLEANS.get(field.strip().lower())


def document(field):
    try:
        return json.dumps(json.loads(field))
    except ValueError:
        return None


# What makes JSON of a field, or `None` when it is something else, and the noun for that.
TYPES = {
    "string": (json.dumps, "a string"),
    "integer": (integer, "an integer"),
    "number": (number, "a number"),
    "boolean": (boolean, "a boolean"),
    "json": (document, "JSON"),
}
