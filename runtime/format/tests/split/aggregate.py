"""Writes kpl.json: aggregates as AWS's own library for Python packs them, some damaged on purpose, each with what
the same library makes of it. `pip install aws_kinesis_agg protobuf six && python3 aggregate.py >kpl.json`"""

import base64
import hashlib
import json
import random

from aws_kinesis_agg import MAGIC
from aws_kinesis_agg.aggregator import AggRecord, messages_pb2
from aws_kinesis_agg.deaggregator import deaggregate_records
from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet

random.seed(1)


def pack(records):
    """An aggregate of (partition key, explicit hash key, data)."""
    aggregate = AggRecord()
    for key, hash_key, data in records:
        assert aggregate.add_user_record(key, data, hash_key)
    return aggregate.get_contents()[2]


def frame(message):
    """An aggregate around any message, with the right digest."""
    return MAGIC + message + hashlib.md5(message).digest()


def field(number, kind, value=b""):
    return bytes([number << 3 | kind]) + value


def text(number, value):
    assert len(value) < 128
    return field(number, 2, bytes([len(value)]) + value)


def parse(record):
    """The message of a record, None if it is none."""
    try:
        return messages_pb2.AggregatedRecord.FromString(record[4:-16])
    except DecodeError:
        return None


def is_read_alike(message):
    """Whether we mean to do what the library does: it takes groups of old among the fields that nobody knows, and
    gives up at a key that is not in the table."""
    parts = [message, *message.records, *(tag for record in message.records for tag in record.tags)]
    groups = any(field.wire_type == 3 for part in parts for field in UnknownFieldSet(part))
    keys = len(message.partition_key_table)
    return not groups and all(record.partition_key_index < keys for record in message.records)


def unpack(record):
    """What the library gives for a record, as a Lambda function would see it."""
    message = parse(record)
    # The KCL's parser, Java's, refuses a message that lacks a required field. Python's does not.
    if message is not None and not message.IsInitialized():
        return [record]
    kinesis = {
        "data": base64.b64encode(record).decode(),
        "sequenceNumber": "1",
        "kinesisSchemaVersion": "1.0",
        "approximateArrivalTimestamp": 0,
        "partitionKey": "k",
    }
    return [base64.b64decode(got["kinesis"]["data"]) for got in deaggregate_records([{"kinesis": kinesis}])]


KEYS = text(1, b"key")
RECORD = field(1, 0, b"\0") + text(3, b"data")
two = pack([("a", None, b"one"), ("b", None, b"two")])
nested = pack([("a", None, two), ("a", None, b"plain")])
flipped = bytearray(two)
flipped[12] ^= 1
CASES = {
    "one": pack([("key", None, b"data")]),
    "two keys": two,
    "explicit hash keys": pack([("a", "0", b"one"), ("a", "340282366920938463463374607431768211455", b"two")]),
    "data of no bytes": pack([("a", None, b""), ("a", None, b"x"), ("a", None, b"")]),
    "lengths around the steps of a varint": pack([("a", None, b"x" * n) for n in (1, 122, 123, 124, 127, 128, 129, 300)]),
    "bytes of all kinds": pack([("a", None, random.randbytes(random.randrange(40))) for _ in range(40)]),
    "more than 500": pack([(f"key {n % 7}", None, b"%d" % n) for n in range(600)]),
    "an aggregate in an aggregate": nested,
    "no aggregate": b'{"a":1}',
    "nothing": b"",
    "a part of the magic": MAGIC[:3],
    "the magic alone": MAGIC,
    "magic and digest of nothing": frame(b""),
    "a byte is flipped": bytes(flipped),
    "the last byte is cut": two[:-1],
    "a byte is behind it": two + b"\n",
    "the digest of something else": two[:-16] + hashlib.md5(b"").digest(),
    "made by hand": frame(KEYS + text(3, RECORD)),
    "no records": frame(KEYS),
    "records before keys": frame(text(3, RECORD) + KEYS),
    "fields of a record the other way round": frame(KEYS + text(3, text(3, b"data") + field(1, 0, b"\0"))),
    "data twice": frame(KEYS + text(3, RECORD + text(3, b"again"))),
    "a record without data": frame(KEYS + text(3, RECORD) + text(3, field(1, 0, b"\0"))),
    "a record without a key": frame(KEYS + text(3, RECORD) + text(3, text(3, b"data"))),
    "a record of no fields": frame(KEYS + text(3, b"")),
    "a tag": frame(KEYS + text(3, RECORD + text(4, text(1, b"name") + text(2, b"value")))),
    "a tag without a key": frame(KEYS + text(3, RECORD + text(4, text(2, b"value")))),
    "a tag that is no message": frame(KEYS + text(3, RECORD + text(4, b"\xff"))),
    "fields that nobody knows": frame(
        field(9, 0, b"\x80\x01") + KEYS + field(10, 1, bytes(8)) + text(3, RECORD + field(8, 5, bytes(4))) + text(15, b"?")
    ),
    "records as numbers": frame(KEYS + field(3, 0, b"\1") + text(3, RECORD)),
    "data as a number": frame(KEYS + text(3, field(1, 0, b"\0") + field(3, 0, b"\1"))),
    "a number of ten bytes": frame(KEYS + text(3, field(9, 0, b"\xff" * 9 + b"\1") + RECORD)),
    "a number of eleven bytes": frame(KEYS + text(3, field(9, 0, b"\xff" * 10 + b"\1") + RECORD)),
    "a field that goes beyond its record": frame(KEYS + field(3, 2, b"\x04\x08\x00\x1a\x09") + b"datadata!"),
    "a record that goes beyond the message": frame(KEYS + field(3, 2, b"\x7f") + RECORD),
    "a length beyond everything": frame(KEYS + field(3, 2, b"\xff" * 9 + b"\1")),
    "field 0": frame(KEYS + text(3, RECORD) + field(0, 0, b"\0")),
    "a kind of field that there is not": frame(KEYS + text(3, RECORD) + field(5, 7)),
    "no message": frame(b"not protobuf"),
}

# Data at random, and damage at random under a right digest.
for number in range(100):
    message = pack([("key", None, random.randbytes(random.randrange(6))) for _ in range(random.randrange(1, 4))])[4:-16]
    message = bytearray(message)
    for _ in range(random.randrange(4)):
        place = random.randrange(len(message))
        message[place] = random.choice([0, 1, 2, 8, 10, 26, 33, 34, 127, 128, 255, random.randrange(256)])
    record = frame(bytes(message))
    if (message := parse(record)) is None or is_read_alike(message):
        CASES[f"random {number}"] = record

out = []
for name, record in CASES.items():
    parts = [base64.b64encode(part).decode() for part in unpack(record)]
    out.append({"name": name, "record": base64.b64encode(record).decode(), "parts": parts})
print("[\n" + ",\n".join(json.dumps(case) for case in out) + "\n]")
