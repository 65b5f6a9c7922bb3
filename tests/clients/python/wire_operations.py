"""Lists, describes and puts as people do with boto3. Prints the records of the stream `web` in their order, in base64."""

import base64
import json

from wire_common import client, equal

firehose = client()
put = []


def names(**input):
    told = firehose.list_delivery_streams(**input)
    return told["DeliveryStreamNames"], told["HasMoreDeliveryStreams"]


def lists():
    all = [f"many-{number:02}" for number in range(11)]
    all = sorted([*all, "lines", "web"])
    equal(names(), (all[:10], True), "ten unless more are asked for")
    equal(names(Limit=10_000), (all, False))
    equal(names(Limit=len(all)), (all, False), "exactly all")
    equal(names(Limit=3, ExclusiveStartDeliveryStreamName="many-08"), (["many-09", "many-10", "web"], False))
    equal(names(Limit=2, ExclusiveStartDeliveryStreamName="many-085"), (["many-09", "many-10"], True), "no such name")
    equal(names(ExclusiveStartDeliveryStreamName="web"), ([], False))
    equal(names(DeliveryStreamType="DirectPut", Limit=1), (all[:1], True))
    equal(names(DeliveryStreamType="MSKAsSource"), ([], False))
    found, start = [], {}
    while True:
        page, more = names(Limit=4, **start)
        found += page
        if not more:
            break
        start = {"ExclusiveStartDeliveryStreamName": page[-1]}
    equal(found, all, "page by page")


def describes():
    told = firehose.describe_delivery_stream(DeliveryStreamName="web")["DeliveryStreamDescription"]
    destination = told.pop("Destinations")[0]
    equal(told, {
        "DeliveryStreamName": "web",
        "DeliveryStreamARN": "arn:aws:firehose:eu-west-3:123456789012:deliverystream/web",
        "DeliveryStreamStatus": "ACTIVE",
        "DeliveryStreamEncryptionConfiguration": {"Status": "DISABLED"},
        "DeliveryStreamType": "DirectPut",
        "VersionId": "1",
        "HasMoreDestinations": False,
    })
    plain, extended = destination["S3DestinationDescription"], destination["ExtendedS3DestinationDescription"]
    equal(destination["DestinationId"], "destinationId-000000000001")
    for shown in (plain, extended):
        equal(shown["BucketARN"], "arn:aws:s3:::logs")
        equal(shown["Prefix"], "web/!{timestamp:yyyy}/")
        equal(shown["BufferingHints"], {"SizeInMBs": 64, "IntervalInSeconds": 900})
        equal(shown["CompressionFormat"], "UNCOMPRESSED")
        equal(shown["EncryptionConfiguration"], {"NoEncryptionConfig": "NoEncryption"})
        equal(shown["CloudWatchLoggingOptions"], {"Enabled": False})
    equal(extended["S3BackupMode"], "Disabled")
    equal(extended["ProcessingConfiguration"], {"Enabled": False, "Processors": []})
    again = firehose.describe_delivery_stream(
        DeliveryStreamName="web", Limit=1, ExclusiveStartDestinationId="destinationId-000000000001"
    )
    equal(again["DeliveryStreamDescription"]["Destinations"], [], "there is one destination")


def one(data):
    told = firehose.put_record(DeliveryStreamName="web", Record={"Data": data})
    put.append(data)
    equal(told["Encrypted"], False)
    assert told["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"]
    return told["RecordId"]


def batch(records):
    told = firehose.put_record_batch(DeliveryStreamName="web", Records=[{"Data": data} for data in records])
    put.extend(records)
    equal((told["FailedPutCount"], told["Encrypted"]), (0, False))
    equal(len(told["RequestResponses"]), len(records), "as many as records")
    return [answer["RecordId"] for answer in told["RequestResponses"]]


def puts():
    ids = [one(b"hello\n"), one(b""), one(bytes(range(256)))]
    kinds = [lambda n: b"", lambda n: b"%d\n" % n, lambda n: bytes([n % 256, 0, 255]) * (n % 9), lambda n: b"\xff" * n]
    ids += batch([kinds[number % 4](number) for number in range(500)])
    ids += batch([b"x" * 1_024_000] + [b"y" * 1_024_000] * 3 + [b"z" * (4 * 1024 * 1024 - 4 * 1_024_000)])
    ids.append(one("text, as boto3 takes it: ü\n".encode()))
    equal(len(set(ids)), len(put), "each record has an id of its own")


lists()
describes()
puts()
print(json.dumps([base64.b64encode(data).decode() for data in put]))
