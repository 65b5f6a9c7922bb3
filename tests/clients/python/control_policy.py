"""What a key lets a stream have and be called. The environment has the keys, as PEOPLE names them.

`OWNER` may do everything. `TEAM` has streams and buckets that begin with `team-`, and the plugin `same`. `READER` may
look at the same streams.
"""

import os

from botocore.exceptions import ClientError

from wire_common import client, equal

PEOPLE = ("OWNER", "TEAM", "READER")
owner, team, reader = (
    client(aws_access_key_id=os.environ[f"{name}_ID"], aws_secret_access_key=os.environ[f"{name}_SECRET"])
    for name in PEOPLE
)
ROLE = "arn:aws:iam::000000000000:role/delivery"
DESTINATION = "destinationId-000000000001"
# A function that a plugin stands in for which the key does not have.
OTHER = "arn:aws:lambda:us-east-1:000000000000:function:other"
denials = 0


def bucket(name):
    return f"arn:aws:s3:::{name}"


def s3(name, **more):
    return {"RoleARN": ROLE, "BucketARN": bucket(name), "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 0}, **more}


def function(name, enabled=True):
    parameters = [{"ParameterName": "LambdaArn", "ParameterValue": f"arn:aws:lambda:us-east-1:000000000000:function:{name}"}]
    return {"ProcessingConfiguration": {"Enabled": enabled, "Processors": [{"Type": "Lambda", "Parameters": parameters}]}}


def backup(name, mode="Enabled", member="S3BackupConfiguration"):
    hints = {"SizeInMBs": 1, "IntervalInSeconds": 60}
    return {"S3BackupMode": mode, member: s3(name, Prefix="backup/", BufferingHints=hints)}


def denied(call, action, resource, **input):
    """Refused by the policy, in the service's words."""
    global denials
    try:
        call(**input)
    except ClientError as error:
        told, status = error.response["Error"], error.response["ResponseMetadata"]["HTTPStatusCode"]
        equal((status, told["Code"]), (403, "AccessDeniedException"), f"{action}: {told['Message']}")
        assert told["Message"].endswith(f"is not authorized to perform: firehose:{action} on resource: {resource}"), told
        denials += 1
        return
    raise AssertionError(f"{action} was not refused: {input}")


def not_made(call, **input):
    """Refused, by whatever."""
    try:
        call(**input)
    except ClientError as error:
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] < 500, error
        return
    raise AssertionError(f"it was not refused: {input}")


def arn(stream):
    return f"arn:aws:firehose:us-east-1:000000000000:deliverystream/{stream}"


def create(who, name, destination, plain=False):
    member = "S3DestinationConfiguration" if plain else "ExtendedS3DestinationConfiguration"
    return who.create_delivery_stream(DeliveryStreamName=name, **{member: destination})


def update(who, name, change, version="1", plain=False):
    member = "S3DestinationUpdate" if plain else "ExtendedS3DestinationUpdate"
    return who.update_destination(
        DeliveryStreamName=name, CurrentDeliveryStreamVersionId=version, DestinationId=DESTINATION, **{member: change}
    )


def described(name):
    told = owner.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]
    return told["VersionId"], told["Destinations"]


def wait_active(name):
    # It takes records as soon as this is answered.
    while owner.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]["DeliveryStreamStatus"] != "ACTIVE":
        owner.put_record(DeliveryStreamName=name, Record={"Data": b"ready\n"})


def names(who, **input):
    told = who.list_delivery_streams(**input)
    return told["DeliveryStreamNames"], told["HasMoreDeliveryStreams"]


# What is made under a name, with a bucket, a backup and a plugin that the key does not have.
create(owner, "other", s3("secret"))
for name, destination, plain, resource in [
    ("other2", s3("team-logs"), False, arn("other2")),
    ("team", s3("team-logs"), False, arn("team")),
    ("Team-b", s3("team-logs"), False, arn("Team-b")),
    ("other", s3("team-logs"), False, arn("other")),
    ("team-b", s3("secret"), False, bucket("secret")),
    ("team-b", s3("secret"), True, bucket("secret")),
    ("team-b", s3("team"), False, bucket("team")),
    ("team-b", s3("team-logs", **backup("secret")), False, bucket("secret")),
    ("team-b", s3("secret", **backup("team-logs")), False, bucket("secret")),
    ("team-b", s3("team-logs", **function("other")), False, OTHER),
    # What is off can be turned on by others.
    ("team-b", s3("team-logs", **backup("secret", "Disabled")), False, bucket("secret")),
    ("team-b", s3("team-logs", **function("other", enabled=False)), False, OTHER),
]:
    denied(lambda: create(team, name, destination, plain), "CreateDeliveryStream", resource)
# What only looks like one of its buckets.
for odd in ("arn:aws:s3:::team-logs/../secret", "arn:aws:s3:::../secret", "arn:x:s3:::secret", "arn:aws:s3:::"):
    not_made(create, who=team, name="team-b", destination=s3("team-logs") | {"BucketARN": odd})
equal(names(owner), (["file", "other", "team-file"], False), "nothing was made")

# What it may have.
create(team, "team-a", s3("team-logs", **function("same")))
create(team, "team-plain", s3("team-logs"), plain=True)
# What others made for it may be off there, and it may not turn that on.
create(owner, "team-later", s3("team-logs", **backup("secret", "Disabled"), **function("other", enabled=False)))
made = ("team-a", "team-plain", "team-later")
for name in made:
    wait_active(name)
before = {name: described(name) for name in made}

on = {"S3BackupMode": "Enabled"}
for name, change, plain, resource in [
    ("team-a", {"BucketARN": bucket("secret")}, False, bucket("secret")),
    ("team-a", {"BucketARN": bucket("secret")}, True, bucket("secret")),
    ("team-plain", {"BucketARN": bucket("secret")}, True, bucket("secret")),
    ("team-plain", {"BucketARN": bucket("secret")}, False, bucket("secret")),
    ("team-a", backup("secret", member="S3BackupUpdate"), False, bucket("secret")),
    ("team-plain", backup("secret", member="S3BackupUpdate"), False, bucket("secret")),
    ("team-a", function("other"), False, OTHER),
    ("team-plain", function("other"), False, OTHER),
    ("team-later", on, False, bucket("secret")),
    ("team-later", function("other"), False, bucket("secret")),
]:
    denied(lambda: update(team, name, change, plain=plain), "UpdateDestination", resource)
equal({name: described(name) for name in made}, before, "nothing was changed")

# What others made for it with what it does not have: it may not be changed into something that it may not have, either.
create(owner, "team-given", s3("secret"))
wait_active("team-given")
denied(lambda: update(team, "team-given", {"Prefix": "x/"}), "UpdateDestination", bucket("secret"))
update(team, "team-given", {"BucketARN": bucket("team-logs")})

# Streams of others, whether they are there or not.
for name in ("other", "nosuch", "file"):
    about = {"DeliveryStreamName": name}
    for action, call, input in [
        ("DeleteDeliveryStream", team.delete_delivery_stream, {}),
        ("DescribeDeliveryStream", team.describe_delivery_stream, {}),
        ("ListTagsForDeliveryStream", team.list_tags_for_delivery_stream, {}),
        ("TagDeliveryStream", team.tag_delivery_stream, {"Tags": [{"Key": "a", "Value": "b"}]}),
        ("UntagDeliveryStream", team.untag_delivery_stream, {"TagKeys": ["a"]}),
        ("StartDeliveryStreamEncryption", team.start_delivery_stream_encryption, {}),
        ("StopDeliveryStreamEncryption", team.stop_delivery_stream_encryption, {}),
        ("PutRecord", team.put_record, {"Record": {"Data": b"x"}}),
        ("PutRecordBatch", team.put_record_batch, {"Records": [{"Data": b"x"}]}),
    ]:
        denied(call, action, arn(name), **about, **input)
    denied(lambda: update(team, name, {"Prefix": "x/"}), "UpdateDestination", arn(name))
    denied(lambda: create(team, name, s3("team-logs")), "CreateDeliveryStream", arn(name))

# Whoever may only look.
about = {"DeliveryStreamName": "team-a"}
reader.describe_delivery_stream(**about)
reader.list_tags_for_delivery_stream(**about)
denied(reader.delete_delivery_stream, "DeleteDeliveryStream", arn("team-a"), **about)
denied(reader.tag_delivery_stream, "TagDeliveryStream", arn("team-a"), **about, Tags=[{"Key": "a", "Value": "b"}])
denied(reader.untag_delivery_stream, "UntagDeliveryStream", arn("team-a"), **about, TagKeys=["a"])
denied(lambda: update(reader, "team-a", {"Prefix": "x/"}), "UpdateDestination", arn("team-a"))
denied(lambda: create(reader, "team-c", s3("team-logs")), "CreateDeliveryStream", arn("team-c"))

# Only its own are listed, page by page, too.
own = ["team-a", "team-file", "team-given", "team-later", "team-plain"]
for who in (team, reader):
    equal(names(who), (own, False))
    equal(names(who, Limit=5), (own, False))
    equal(names(who, Limit=2), (own[:2], True))
    equal(names(who, ExclusiveStartDeliveryStreamName="file"), (own, False))
    equal(names(who, Limit=1, ExclusiveStartDeliveryStreamName="team-later"), (own[4:], False))
equal(names(owner), (["file", "other", *own], False))

team.tag_delivery_stream(**about, Tags=[{"Key": "a", "Value": "b"}])
team.put_record(**about, Record={"Data": b"its own\n"})
for name in (*made, "team-given"):
    team.delete_delivery_stream(DeliveryStreamName=name)
print(f"{denials} calls were denied")
