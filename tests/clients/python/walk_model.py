"""Breaks every constraint of the API's model, one at a time, and reads what the host makes of it.

The arguments behind the URL are operations; without any, all are walked. What an input must satisfy is said here once
more, from botocore's model and with Python's patterns, so that host and script have only the messages in common.
"""

import base64
import copy
import http.client
import json
import os
import re
import sys
from collections import Counter, defaultdict
from urllib.parse import urlsplit

import botocore.loaders

from wire_common import URL, equal, signed

KEY = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
SECONDS = 10
MOST_BODY = 512 << 10
STREAM = "walk"

MODEL = botocore.loaders.Loader().load_service_model("firehose", "service-2")
SHAPES = MODEL["shapes"]
# botocore has it since 1.44; the one that tests install is older.
if "AWSKMSKeyARNForSSE" not in SHAPES:
    pattern = SHAPES["AWSKMSKeyARN"]["pattern"].replace("(key|alias)", "key")
    SHAPES["AWSKMSKeyARNForSSE"] = SHAPES["AWSKMSKeyARN"] | {"pattern": pattern}
    SHAPES["DeliveryStreamEncryptionConfigurationInput"]["members"]["KeyARN"]["shape"] = "AWSKMSKeyARNForSSE"

# What the service tells in other words than its model has.
TOLD_SETS = {
    "CompressionFormat": "ZIP, HADOOP_SNAPPY, Snappy, GZIP, UNCOMPRESSED",
    "ProcessorType": "Decompression, Lambda, RecordDeAggregation, MetadataExtraction, AppendDelimiterToRecord, "
    "CloudWatchLogProcessing",
    "ProcessorParameterName": "DataMessageExtraction, NumberOfRetries, Delimiter, RoleArn, JsonParsingEngine, "
    "SubRecordType, MetadataExtractionQuery, BufferIntervalInSeconds, LambdaArn, BufferSizeInMBs, CompressionFormat",
    "ParquetCompression": "SNAPPY, GZIP, UNCOMPRESSED",
    "OrcCompression": "ZLIB, SNAPPY, NONE",
}
TOLD_PATTERNS = {"FileExtension": r"^(|\.[0-9a-z!\-_.*'()]+)$"}

# A text of any length that matches a pattern: what it begins with, what is repeated, what it ends with.
TEXTS = {
    "AWSKMSKeyARN": ("arn:aws:kms:us-east-1:123456789012:key/", "a", ""),
    "AWSKMSKeyARNForSSE": ("arn:aws:kms:us-east-1:123456789012:key/", "a", ""),
    "AmazonOpenSearchServerlessCollectionEndpoint": ("https:", "a", ""),
    "AmazonopensearchserviceClusterEndpoint": ("https:", "a", ""),
    "AmazonopensearchserviceDomainARN": ("arn:", "a", ":es:us-east-1:123456789012:domain/abc"),
    "BucketARN": ("arn:", "a", ":s3:::logs"),
    "ClusterJDBCURL": ("jdbc:redshift://a.redshift.amazonaws.com:5439/", "a", ""),
    "DeliveryStreamVersionId": ("", "1", ""),
    "ElasticsearchClusterEndpoint": ("https:", "a", ""),
    "ElasticsearchDomainARN": ("arn:", "a", ":es:us-east-1:123456789012:domain/abc"),
    "FileExtension": (".", "a", ""),
    "GlueDataCatalogARN": ("arn:", "a", ":glue:us-east-1:123456789012:catalog"),
    "HttpEndpointUrl": ("https://", "a", ""),
    "KinesisStreamARN": ("arn:aws:kinesis:us-east-1:123456789012:stream/", "a", ""),
    "MSKClusterARN": ("arn:", "a", ""),
    "RoleARN": ("arn:aws:iam::123456789012:role/", "a", ""),
    "SecretARN": ("arn:aws:secretsmanager:us-east-1:123456789012:secret:", "a", ""),
    "SnowflakeAccountUrl": ("", "a", ".snowflakecomputing.com"),
    "SnowflakePrivateKey": ("", "AAAA", ""),
    "SnowflakePrivateLinkVpceId": ("a.b.vpce.", "a", ".vpce-svc-0123456789abcdefg"),
    "VpcEndpointServiceName": ("a.b.vpce.", "a", ".vpce-svc-0123456789abcdefg"),
    "WarehouseLocation": ("s3://", "a", ""),
}
# One of these, as often as it takes, is refused by any pattern.
ODD = ["\n", "!", " ", "\0", ":"]


def text(name, length):
    """A text that matches, of at least so many characters, or of none."""
    before, again, after = TEXTS.get(name, ("", "a", ""))
    rest = max(length - len(before) - len(after), 1)
    return before + again * -(-rest // len(again)) + after if length else ""


def valid(name, full):
    """A value with all members, or with those that it must have."""
    shape = SHAPES[name]
    kind = shape["type"]
    if kind == "structure":
        required = shape.get("required", [])
        return {key: valid(of["shape"], full) for key, of in shape["members"].items() if full or key in required}
    if kind == "list":
        # What is broken is broken in the last one.
        return [valid(shape["member"]["shape"], full) for _ in range(min(2, shape.get("max", 2)))]
    if kind == "map":
        return {valid(shape["key"]["shape"], full): valid(shape["value"]["shape"], full)}
    if kind == "string":
        least = max(shape.get("min", 1), 1)
        return STREAM if name == "DeliveryStreamName" else shape.get("enum", [text(name, least)])[0]
    return {"blob": "eA==", "boolean": True, "timestamp": 1.5}.get(kind, shape.get("min", 0))


def constraints(name):
    """What the values of a shape must satisfy: the kind of it, the words for it, and whether a value does."""
    shape = SHAPES[name]
    kind = shape["type"]
    size = {"string": len, "list": len, "blob": lambda data: len(base64.b64decode(data))}.get(kind, lambda number: number)
    noun = "value" if kind in ("integer", "double") else "length"
    if "enum" in shape:
        told = TOLD_SETS.get(name, ", ".join(shape["enum"]))
        equal(sorted(told.split(", ")), sorted(shape["enum"]), name)
        yield "set", f"Member must satisfy enum value set: [{told}]", lambda value: value in shape["enum"]
    if "pattern" in shape:
        letters = shape["pattern"].replace(r"\p{L}", "a-zA-Z").replace(r"\p{Z}", " ").replace(r"\p{N}", "0-9")
        told = TOLD_PATTERNS.get(name, shape["pattern"])
        told = f"Member must satisfy regular expression pattern: {told}"
        yield "pattern", told, lambda value: bool(re.fullmatch(letters, value, re.ASCII))
    if "min" in shape:
        told = f"Member must have {noun} greater than or equal to {shape['min']}"
        yield f"{noun} below", told, lambda value: size(value) >= shape["min"]
    if "max" in shape:
        told = f"Member must have {noun} less than or equal to {shape['max']}"
        yield f"{noun} above", told, lambda value: size(value) <= shape["max"]


def broken(name, constraint):
    """A value that does not satisfy a constraint, and as many of the others as can be. None if there is none."""
    shape = SHAPES[name]
    kind, least, most = shape["type"], shape.get("min"), shape.get("max")
    if constraint == "set":
        return "NoSuchValue"
    if constraint == "pattern":
        holds = next(holds for found, _, holds in constraints(name) if found == "pattern")
        return next(odd * max(least, 1) for odd in ODD if not holds(odd * max(least, 1)))
    if constraint == "value below":
        return least - 1
    if constraint == "value above":
        return most + 1
    if constraint == "length below" and least == 0:
        return None
    if kind == "list":
        count = least - 1 if constraint == "length below" else most + 1
        return [valid(shape["member"]["shape"], False) for _ in range(count)]
    if kind == "blob":
        return base64.b64encode(b"x" * (most + 1)).decode()
    if constraint == "length above":
        return text(name, most + 1)
    before, again, after = TEXTS.get(name, ("", "a", ""))
    rest = least - 1 - len(before) - len(after)
    return before + again * (rest // len(again)) + after if least > 1 else ""


def places(name, value, steps=(), at=""):
    """The values in an input: the steps to each, its path as the host tells it, and its shape."""
    shape = SHAPES[name]
    if steps:
        yield steps, at, name
    if shape["type"] == "structure":
        for key in value:
            path = f"{at}.{key[0].lower()}{key[1:]}".lstrip(".")
            yield from places(shape["members"][key]["shape"], value[key], (*steps, key), path)
    if shape["type"] == "list":
        last = len(value) - 1
        yield from places(shape["member"]["shape"], value[last], (*steps, last), f"{at}.{last + 1}.member")


def changed(input, steps, value=None, gone=False):
    """An input with another value at one place, or without one."""
    input = copy.deepcopy(input)
    inner = input
    for step in steps[:-1]:
        inner = inner[step]
    if gone:
        del inner[steps[-1]]
    else:
        inner[steps[-1]] = value
    return input


class Walk:
    def __init__(self):
        self.counts = Counter()
        self.impossible = defaultdict(set)
        self.connection = http.client.HTTPConnection(urlsplit(URL).netloc, timeout=SECONDS)

    def call(self, operation, input):
        body = json.dumps(input)
        assert operation.startswith("Put") or len(body) <= MOST_BODY, f"{operation}: {len(body)} bytes"
        request = signed(KEY, operation, body)
        self.connection.request(request.method, "/", request.data, dict(request.headers.items()))
        answer = self.connection.getresponse()
        said = answer.read().decode()
        return answer.status, json.loads(said), said

    def accepted(self, operation, input):
        """The model allows it. What the host then makes of it is not for this script."""
        status, answer, said = self.call(operation, input)
        no = {"ValidationException", "SerializationException", "UnknownOperationException", "InternalFailure"}
        assert status < 500 and answer.get("__type") not in no, f"{operation}: {status} {said}\n{json.dumps(input)}"
        self.counts["valid"] += 1

    def refused(self, what, operation, input, at, told, shown=""):
        """It is refused for all of `told`, which stands at one place, and for nothing else."""
        status, answer, said = self.call(operation, input)
        noun = "error" if len(told) == 1 else "errors"
        problems = "; ".join(f"Value{shown} at '{at}' failed to satisfy constraint: {constraint}" for constraint in told)
        wanted = f"{len(told)} validation {noun} detected: {problems}"
        equal((status, answer.get("__type"), answer.get("message")), (400, "ValidationException", wanted), f"{operation}, {what}")
        self.counts[what] += 1

    def mistyped(self, operation, input, steps, name):
        value = {"structure": "x", "map": [1], "list": {}}.get(SHAPES[name]["type"], {})
        status, answer, said = self.call(operation, changed(input, steps, value))
        equal((status, answer.get("__type")), (400, "SerializationException"), f"{operation}, type at {steps}: {said}")
        self.counts["type"] += 1

    def constrained(self, operation, input, steps, at, name):
        all = list(constraints(name))
        for what, told, holds in all:
            value = broken(name, what)
            if value is None:
                self.impossible[what].add(name)
                continue
            assert not holds(value), f"{name}: {value!r} is not against {told}"
            wrong = [told for _, told, holds in all if not holds(value)]
            shown = ""
            if SHAPES[name]["type"] == "blob":
                length = SHAPES[name]["max"] + 1
                shown = f" 'java.nio.HeapByteBuffer[pos=0 lim={length} cap={length}]'"
            self.refused(what, operation, changed(input, steps, value), at, wrong, shown)

    def entries(self, operation, input, steps, at, name):
        """Keys and values of maps have a message of their own, which says all that they must satisfy."""
        good = valid(name, True)
        (key, value), = good.items()
        for which, part in (("keys", "key"), ("value", "value")):
            of = SHAPES[name][part]["shape"]
            all = list(constraints(of))
            told = ", ".join(told for _, told, _ in reversed(all))
            for what, _, _ in all:
                odd = broken(of, what)
                found = {odd: value} if part == "key" else {key: odd}
                told_at = f"Map {which} must satisfy constraint: [{told}]"
                self.refused(f"{what}", operation, changed(input, steps, found), at, [told_at])

    def walk(self, operation, name, input):
        self.accepted(operation, input)
        for steps, at, shape in list(places(name, input)):
            self.mistyped(operation, input, steps, shape)
            self.constrained(operation, input, steps, at, shape)
            if SHAPES[shape]["type"] == "map":
                self.entries(operation, input, steps, at, shape)
            if self.required(name, steps):
                null = ["Member must not be null"]
                self.refused("null", operation, changed(input, steps), at, null)
                if not isinstance(steps[-1], int):
                    self.refused("left out", operation, changed(input, steps, gone=True), at, null)

    def required(self, name, steps):
        """Members that must be there, and items of lists."""
        for step in steps[:-1]:
            shape = SHAPES[name]
            name = (shape["member"] if isinstance(step, int) else shape["members"][step])["shape"]
        return isinstance(steps[-1], int) or steps[-1] in SHAPES[name].get("required", [])


def inputs(name):
    """The least input, and inputs with all else for each destination and source, of which a stream has one."""
    yield valid(name, False)
    full = valid(name, True)
    sources = [key for key in full if key.endswith("SourceConfiguration")]
    destinations = [key for key in full if key.endswith(("DestinationConfiguration", "DestinationUpdate"))]
    if not destinations:
        yield full
    for destination in destinations:
        others = {*sources, *destinations} - {destination}
        yield {key: value for key, value in full.items() if key not in others}
    for source in sources:
        others = {*sources, *destinations} - {source, "ExtendedS3DestinationConfiguration"}
        few = {key: value for key, value in full.items() if key not in others}
        yield few | {"ExtendedS3DestinationConfiguration": valid("ExtendedS3DestinationConfiguration", False)}


operations = sys.argv[2:] or list(MODEL["operations"])
walk = Walk()
for operation in operations:
    name = MODEL["operations"][operation]["input"]["shape"]
    for input in inputs(name):
        walk.walk(operation, name, input)
counts = ", ".join(f"{count} {what}" for what, count in sorted(walk.counts.items()))
names = "; ".join(f"{what} 0: {', '.join(sorted(names))}" for what, names in sorted(walk.impossible.items()))
none = sum(map(len, walk.impossible.values()))
print(f"{len(operations)} operations: {counts}; {none} impossible ({names})")
