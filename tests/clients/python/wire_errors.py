"""What is wrong, and what clients are told: status, code and message of each."""

import base64
import json

from wire_common import client, equal, refused

firehose = client()
PATTERN = "satisfy regular expression pattern: [a-zA-Z0-9_.-]+"


def invalid(*problems):
    """Each is a value as it is shown, or nothing; where it stands; and what it must be."""
    noun = "error" if len(problems) == 1 else "errors"
    told = [" ".join(filter(None, ["Value", value, f"at '{at}' failed to satisfy constraint: Member must {must}"]))
            for value, at, must in problems]
    return 400, "ValidationException", f"{len(problems)} validation {noun} detected: {'; '.join(told)}"


def record(data=b"x", name="web"):
    return {"DeliveryStreamName": name, "Record": {"Data": data}}


def batch(records, name="web"):
    return {"DeliveryStreamName": name, "Records": [{"Data": data} for data in records]}


put, put_batch = firehose.put_record, firehose.put_record_batch
describe, list_streams = firehose.describe_delivery_stream, firehose.list_delivery_streams

# A stream that is not there.
missing = (400, "ResourceNotFoundException", "Firehose nosuch under account 123456789012 not found.")
refused(*missing, put, **record(name="nosuch"))
refused(*missing, put_batch, **batch([b"x"], name="nosuch"))
refused(*missing, describe, DeliveryStreamName="nosuch")

# Too much. The whole request is refused, and nothing of it is kept.
too_long = "have length less than or equal to 1024000"
heap = "'java.nio.HeapByteBuffer[pos=0 lim={0} cap={0}]'".format
refused(*invalid((heap(1_024_001), "record.data", too_long)), put, **record(b"x" * 1_024_001))
refused(*invalid((heap(1_024_001), "records.2.member.data", too_long)), put_batch, **batch([b"x", b"y" * 1_024_001]))
refused(
    *invalid((heap(1_024_001), "records.1.member.data", too_long), (heap(1_100_000), "records.3.member.data", too_long)),
    put_batch,
    **batch([b"x" * 1_024_001, b"", b"y" * 1_100_000]),
)
refused(
    400, "InvalidArgumentException", "The total size of the records exceeds the maximum allowed size of 4194304 bytes.",
    put_batch, **batch([b"x" * 1_000_000] * 4 + [b"y" * (4_194_304 - 4_000_000 + 1)]),
)
refused(*invalid(("'[]'", "records", "have length greater than or equal to 1")), put_batch, **batch([]))
refused(*invalid((None, "records", "have length less than or equal to 500")), put_batch, **batch([b""] * 501))

# Names, numbers and what is missing.
refused(*invalid(("'a b'", "deliveryStreamName", PATTERN)), put, **record(name="a b"))
refused(*invalid(("'../etc'", "deliveryStreamName", PATTERN)), describe, DeliveryStreamName="../etc")
long = "n" * 65
too_long = "have length less than or equal to 64"
refused(*invalid((f"'{long}'", "deliveryStreamName", too_long)), put_batch, **batch([b"x"], name=long))
null = "not be null"
refused(*invalid(("null", "deliveryStreamName", null), ("null", "record", null)), put)
refused(*invalid(("null", "record.data", null)), put, DeliveryStreamName="web", Record={})
refused(*invalid(("null", "records.2.member.data", null)), put_batch, DeliveryStreamName="web", Records=[{"Data": b""}, {}])
refused(*invalid(("'0'", "limit", "have value greater than or equal to 1")), list_streams, Limit=0)
refused(*invalid(("'10001'", "limit", "have value less than or equal to 10000")), list_streams, Limit=10_001)
kinds = "[DirectPut, KinesisStreamAsSource, MSKAsSource, DatabaseAsSource]"
refused(
    *invalid(("'Direct'", "deliveryStreamType", f"satisfy enum value set: {kinds}")),
    list_streams, DeliveryStreamType="Direct",
)

# A stream that reads files.
refused(
    400, "InvalidArgumentException", "This operation is not permitted on a delivery stream that reads files.",
    put, **record(name="lines"),
)

# What is not built, by its name.
name = {"DeliveryStreamName": "web"}
for operation, input in {
    "CreateDeliveryStream": {"S3DestinationConfiguration": {"RoleARN": "arn", "BucketARN": "arn"}},
    "DeleteDeliveryStream": {},
    "ListTagsForDeliveryStream": {},
    "StartDeliveryStreamEncryption": {},
    "StopDeliveryStreamEncryption": {},
    "TagDeliveryStream": {"Tags": [{"Key": "a", "Value": "b"}]},
    "UntagDeliveryStream": {"TagKeys": ["a"]},
    "UpdateDestination": {"CurrentDeliveryStreamVersionId": "1", "DestinationId": "destinationId-000000000001"},
}.items():
    call = getattr(firehose, "".join("_" + char.lower() if char.isupper() else char for char in operation)[1:])
    told = f"{operation} is not built in this version of standpipe: streams are those of its config file"
    refused(404, "UnknownOperationException", told, call, **name, **input)

# And all goes on.
firehose.put_record(**record(b"the only one"))
print(json.dumps([base64.b64encode(b"the only one").decode()]))
