"""The whole life of a stream, by boto3; every answer is checked.

`life.py URL life NAME BUCKET FUNCTION SLOW` makes a stream, uses it and changes it; SLOW is one of the config that takes
three records in a second. `life.py URL delete NAME` ends it.
"""

import os
import sys
import time

from botocore.exceptions import ClientError

ARN = "arn:aws:firehose:us-east-1:000000000000:deliverystream/"
ROLE = "arn:aws:iam::000000000000:role/delivery"
DESTINATION = "destinationId-000000000001"
KEY = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
SOON = 60
steps = 0


def step(name):
    """What follows is another step, so that a failure comes after its name."""
    global steps
    steps += 1
    print(f"{steps}. {name}", flush=True)


def equal(found, wanted, what):
    assert found == wanted, f"{what}: found {found!r}, wanted {wanted!r}"


def holds(found, wanted):
    """There may be more members than these."""
    for member, value in wanted.items():
        equal(found.get(member), value, member)


def refused(code, call, **input):
    try:
        call(**input)
    except ClientError as error:
        return equal(error.response["Error"]["Code"], code, "the code of the error")
    raise AssertionError(f"it was not refused: {code}")


def until(what, call):
    """Asks again until the answer is yes; not for ever."""
    end = time.monotonic() + SOON
    while not call():
        assert time.monotonic() < end, f"it never happened: {what}"
        time.sleep(0.1)


def described(firehose, name):
    return firehose.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]


def extended(description):
    [destination] = description["Destinations"]
    equal(destination["DestinationId"], DESTINATION, "DestinationId")
    return destination["ExtendedS3DestinationDescription"]


def processing(**parameters):
    parameters = [{"ParameterName": name, "ParameterValue": value} for name, value in parameters.items()]
    return {"ProcessingConfiguration": {"Enabled": True, "Processors": [{"Type": "Lambda", "Parameters": parameters}]}}


def lines(*numbers):
    return [{"Data": f'{{"id":{number}}}'.encode()} for number in numbers]


def create(firehose, name, bucket, function):
    """Returns what the destination is, with the defaults."""
    step("create")
    asked = {
        "RoleARN": ROLE,
        "BucketARN": f"arn:aws:s3:::{bucket}",
        "Prefix": f"{name}/",
        "ErrorOutputPrefix": "failed/",
        "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 60},
        "CompressionFormat": "GZIP",
    }
    input = {
        "DeliveryStreamName": name,
        "DeliveryStreamType": "DirectPut",
        "ExtendedS3DestinationConfiguration": {**asked, **processing(LambdaArn=function)},
        "Tags": [{"Key": "team", "Value": "web"}, {"Key": "stage", "Value": "test"}],
    }
    holds(firehose.create_delivery_stream(**input), {"DeliveryStreamARN": ARN + name})
    step("a name is taken once")
    refused("ResourceInUseException", firehose.create_delivery_stream, **input)
    filled = {"NumberOfRetries": "3", "RoleArn": ROLE, "BufferSizeInMBs": "1", "BufferIntervalInSeconds": "60"}
    unasked = {"EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption"}, "S3BackupMode": "Disabled"}
    return {**asked, **processing(LambdaArn=function, **filled), **unasked}


def describe(firehose, name, destination):
    step("describe until it is active")
    until("active", lambda: described(firehose, name)["DeliveryStreamStatus"] == "ACTIVE")
    found = described(firehose, name)
    holds(found, {
        "DeliveryStreamName": name,
        "DeliveryStreamARN": ARN + name,
        "DeliveryStreamType": "DirectPut",
        "DeliveryStreamEncryptionConfiguration": {"Status": "DISABLED"},
        "VersionId": "1",
        "HasMoreDestinations": False,
    })
    age = time.time() - found["CreateTimestamp"].timestamp()
    assert abs(age) < SOON, f"it was made {age} s ago"
    holds(extended(found), destination)


def put(firehose, name):
    step("put a record")
    assert firehose.put_record(DeliveryStreamName=name, Record=lines(1)[0])["RecordId"]
    step("put a batch, of which the function fails one")
    records = [*lines(2, 3), {"Data": b"no JSON"}, *lines(4)]
    told = firehose.put_record_batch(DeliveryStreamName=name, Records=records)
    equal((told["FailedPutCount"], len(told["RequestResponses"])), (0, 4), "what is taken")
    assert all(answer["RecordId"] for answer in told["RequestResponses"]), told


def throttle(firehose, slow):
    step("resend what is refused")
    left, refusals = lines(*range(1, 9)), 0

    def send():
        nonlocal left, refusals
        try:
            told = firehose.put_record_batch(DeliveryStreamName=slow, Records=left)
        except ClientError as error:
            # None of them was taken.
            return equal(error.response["Error"]["Code"], "ServiceUnavailableException", "the code of the error")
        answers = told["RequestResponses"]
        equal(len(answers), len(left), "the number of answers")
        failed = [(record, answer) for record, answer in zip(left, answers) if not answer.get("RecordId")]
        for _, answer in failed:
            equal(answer, {"ErrorCode": "ServiceUnavailableException", "ErrorMessage": "Slow down."}, "why")
        equal(told["FailedPutCount"], len(failed), "FailedPutCount")
        left, refusals = [record for record, _ in failed], refusals + len(failed)
        return not left

    until("all are taken", send)
    assert refusals > 0, "nothing was refused"


def update(firehose, name, slow, destination):
    step("update")
    change = {"Prefix": f"{name}/second/", "BufferingHints": {"SizeInMBs": 2, "IntervalInSeconds": 1}}
    input = {"DestinationId": DESTINATION, "CurrentDeliveryStreamVersionId": "1", "ExtendedS3DestinationUpdate": change}
    firehose.update_destination(DeliveryStreamName=name, **input)
    found = described(firehose, name)
    holds(found, {"VersionId": "2", "DeliveryStreamStatus": "ACTIVE"})
    holds(extended(found), {**destination, **change})
    step("put after the update")
    assert firehose.put_record(DeliveryStreamName=name, Record=lines(5)[0])["RecordId"]
    step("a version that has passed is refused")
    refused("ConcurrentModificationException", firehose.update_destination, DeliveryStreamName=name, **input)
    step("a stream of the config is not changed")
    refused("InvalidArgumentException", firehose.update_destination, DeliveryStreamName=slow, **input)


def pages(call, member, more, start):
    """All items of a list that is read one by one. `start` has the next page begin after an item."""
    found, next = [], {}
    while next is not None:
        page = call(Limit=1, **next)
        equal(len(page[member]), 1, "the length of a page")
        found += page[member]
        next = start(found[-1]) if page[more] else None
    return found


def tags(firehose, name):
    stream = {"DeliveryStreamName": name}

    def listed(**wanted):
        found = pages(
            lambda **input: firehose.list_tags_for_delivery_stream(**stream, **input),
            "Tags", "HasMoreTags", lambda tag: {"ExclusiveStartTagKey": tag["Key"]},
        )
        equal({tag["Key"]: tag["Value"] for tag in found}, wanted, "tags")

    step("tags, by pages")
    listed(stage="test", team="web")
    step("tag")
    firehose.tag_delivery_stream(**stream, Tags=[{"Key": "stage", "Value": "live"}, {"Key": "cost", "Value": ""}])
    listed(cost="", stage="live", team="web")
    step("untag")
    firehose.untag_delivery_stream(**stream, TagKeys=["team", "cost"])
    listed(stage="live")


def names(firehose):
    start = lambda name: {"ExclusiveStartDeliveryStreamName": name}
    return pages(firehose.list_delivery_streams, "DeliveryStreamNames", "HasMoreDeliveryStreams", start)


def errors(connect, firehose, name):
    id, secret = KEY
    stranger, forger = connect("AKIANOBODY", secret), connect(id, "wrong")
    hints = {"SizeInMBs": 129, "IntervalInSeconds": 60}
    large = {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::large", "BufferingHints": hints}
    step("a size that none may have")
    refused(
        "ValidationException", firehose.create_delivery_stream,
        DeliveryStreamName="large", ExtendedS3DestinationConfiguration=large,
    )
    for what, code, client, asked in [
        ("a name that none may have", "ValidationException", firehose, "a name!"),
        ("a stream that is not there", "ResourceNotFoundException", firehose, "nosuch"),
        ("a wrong secret", "InvalidSignatureException", forger, name),
        ("a key of nobody", "UnrecognizedClientException", stranger, name),
    ]:
        step(what)
        refused(code, client.describe_delivery_stream, DeliveryStreamName=asked)


def life(connect, name, bucket, function, slow):
    firehose = connect(*KEY)
    destination = create(firehose, name, bucket, function)
    describe(firehose, name, destination)
    put(firehose, name)
    throttle(firehose, slow)
    update(firehose, name, slow, destination)
    tags(firehose, name)
    step("list, by pages")
    equal(names(firehose), sorted([name, slow]), "streams")
    errors(connect, firehose, name)


def delete(connect, name):
    firehose = connect(*KEY)
    step("delete")
    firehose.delete_delivery_stream(DeliveryStreamName=name)
    step("describe until it is gone")

    def gone():
        try:
            equal(described(firehose, name)["DeliveryStreamStatus"], "DELETING", "DeliveryStreamStatus")
        except ClientError as error:
            equal(error.response["Error"]["Code"], "ResourceNotFoundException", "the code of the error")
            return True

    until("gone", gone)
    assert name not in names(firehose), "it is listed"


def run(connect):
    """Does what the command line says, with clients of `connect`, which takes the id of a key and its secret."""
    {"life": life, "delete": delete}[sys.argv[2]](connect, *sys.argv[3:])
    print(f"passed: {steps} steps")


if __name__ == "__main__":
    from wire_common import client

    run(lambda id, secret: client(attempts=3, aws_access_key_id=id, aws_secret_access_key=secret))
