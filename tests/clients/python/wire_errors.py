"""What is wrong, and what clients are told: status, code and message of each."""

import base64
import json

from wire_common import client, equal, refused

firehose = client()
PATTERN = "satisfy regular expression pattern: [a-zA-Z0-9_.-]+"


def invalid(*problems):
    """Each is where a value stands, what it must be, and the value itself where that is told."""
    noun = "error" if len(problems) == 1 else "errors"
    told = [
        f"{' '.join(['Value', *shown])} at '{at}' failed to satisfy constraint: Member must {must}"
        for at, must, *shown in problems
    ]
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
refused(*invalid(("record.data", too_long, heap(1_024_001))), put, **record(b"x" * 1_024_001))
refused(*invalid(("records.2.member.data", too_long, heap(1_024_001))), put_batch, **batch([b"x", b"y" * 1_024_001]))
refused(
    *invalid(("records.1.member.data", too_long, heap(1_024_001)), ("records.3.member.data", too_long, heap(1_100_000))),
    put_batch,
    **batch([b"x" * 1_024_001, b"", b"y" * 1_100_000]),
)
refused(
    400, "InvalidArgumentException", "The total size of the records exceeds the maximum allowed size of 4194304 bytes.",
    put_batch, **batch([b"x" * 1_000_000] * 4 + [b"y" * (4_194_304 - 4_000_000 + 1)]),
)
refused(*invalid(("records", "have length greater than or equal to 1")), put_batch, **batch([]))
refused(*invalid(("records", "have length less than or equal to 500")), put_batch, **batch([b""] * 501))

# Names, numbers and what is missing.
refused(*invalid(("deliveryStreamName", PATTERN)), put, **record(name="a b"))
refused(*invalid(("deliveryStreamName", PATTERN)), describe, DeliveryStreamName="../etc")
long = "n" * 65
too_long = "have length less than or equal to 64"
refused(*invalid(("deliveryStreamName", too_long)), put_batch, **batch([b"x"], name=long))
null = "not be null"
refused(*invalid(("deliveryStreamName", null), ("record", null)), put)
refused(*invalid(("record.data", null)), put, DeliveryStreamName="web", Record={})
refused(*invalid(("records.2.member.data", null)), put_batch, DeliveryStreamName="web", Records=[{"Data": b""}, {}])
refused(*invalid(("limit", "have value greater than or equal to 1")), list_streams, Limit=0)
refused(*invalid(("limit", "have value less than or equal to 10000")), list_streams, Limit=10_001)
kinds = "[DirectPut, KinesisStreamAsSource, MSKAsSource, DatabaseAsSource]"
refused(
    *invalid(("deliveryStreamType", f"satisfy enum value set: {kinds}")),
    list_streams, DeliveryStreamType="Direct",
)

# A stream that reads files.
refused(
    400, "InvalidArgumentException", "This operation is not permitted on a delivery stream that reads files.",
    put, **record(name="lines"),
)

# A stream of the config is there, and only that changes it.
name = {"DeliveryStreamName": "web"}
destination = {"RoleARN": "arn:aws:iam::123456789012:role/delivery", "BucketARN": "arn:aws:s3:::logs"}
taken = (400, "ResourceInUseException", "Firehose web under accountId 123456789012 already exists")
refused(*taken, firehose.create_delivery_stream, **name, S3DestinationConfiguration=destination)
told = "Firehose web is in the config file of its host, and only that changes it: edit it and have the host reload it"
for call, input in (
    (firehose.delete_delivery_stream, {}),
    (firehose.start_delivery_stream_encryption, {}),
    (firehose.stop_delivery_stream_encryption, {}),
    (firehose.tag_delivery_stream, {"Tags": [{"Key": "a", "Value": "b"}]}),
    (firehose.untag_delivery_stream, {"TagKeys": ["a"]}),
    (firehose.update_destination, {
        "CurrentDeliveryStreamVersionId": "1",
        "DestinationId": "destinationId-000000000001",
        "ExtendedS3DestinationUpdate": {"Prefix": "x/"},
    }),
):
    refused(400, "InvalidArgumentException", told, call, **name, **input)

# And all goes on.
firehose.put_record(**record(b"the only one"))
print(json.dumps([base64.b64encode(b"the only one").decode()]))
