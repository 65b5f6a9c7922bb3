"""Who may do what, and what everybody else is told. The environment has the keys, as PEOPLE names them."""

import json
import os
import re

from wire_common import client, equal, now, refused, send, signed

PEOPLE = ("OWNER", "WRITER", "READER", "GUEST")
OWNER, WRITER, READER, GUEST = ((os.environ[f"{name}_ID"], os.environ[f"{name}_SECRET"]) for name in PEOPLE)
TOKEN = os.environ["GUEST_TOKEN"]
LIST, BODY = "ListDeliveryStreams", b"{}"
PUT = "PutRecord"
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)
UNKNOWN = "The security token included in the request is invalid."


def told(request, path="/"):
    status, body = send(request, path)
    body = json.loads(body)
    return status, body.get("__type"), body.get("message")


def wrong(code, message, request, path="/", what=""):
    equal(told(request, path), (403, code, message), what)


def altered(change):
    request = signed(OWNER, LIST, BODY)
    change(request)
    return request


def header(name, value):
    def change(request):
        del request.headers[name]
        if value is not None:
            request.headers[name] = value

    return change


def authorization(old, new):
    def change(request):
        text = request.headers["Authorization"]
        assert old in text
        header("Authorization", text.replace(old, new))(request)

    return change


def body(request):
    request.data = b"{ }"


equal(told(signed(OWNER, LIST, BODY))[0], 200, "as it should be")
equal(told(signed(OWNER, LIST, BODY, region="ap-south-2"))[0], 200, "a region is a name like any other")
for minutes in (-4, 4):
    equal(told(signed(OWNER, LIST, BODY, minutes=minutes))[0], 200, "clocks differ a little")

# Who is not known.
wrong("UnrecognizedClientException", UNKNOWN, signed(("AKIANOBODY", OWNER[1]), LIST, BODY), what="key id")
wrong("InvalidSignatureException", MISMATCH, signed((OWNER[0], WRITER[1]), LIST, BODY), what="another's secret")
wrong("InvalidSignatureException", MISMATCH, signed((OWNER[0], "nothing"), LIST, BODY), what="secret")
wrong("MissingAuthenticationTokenException", "Missing Authentication Token", altered(header("Authorization", None)))

# What was signed is what counts.
wrong("InvalidSignatureException", MISMATCH, altered(body), what="body")
wrong("InvalidSignatureException", MISMATCH, altered(header("X-Amz-Target", "Firehose_20150804.PutRecord")))
wrong("InvalidSignatureException", MISMATCH, altered(header("Content-Type", "application/json")))
wrong("InvalidSignatureException", MISMATCH, signed(OWNER, LIST, BODY), path="/?other=1", what="query")
wrong("InvalidSignatureException", MISMATCH, signed(OWNER, LIST, BODY, path="/?other=1"), what="query left out")
wrong("InvalidSignatureException", MISMATCH, signed(OWNER, LIST, BODY, path="/streams/web/records"), what="path")
wrong("InvalidSignatureException", MISMATCH, altered(authorization("/us-east-1/", "/eu-west-1/")), what="scope")
wrong("InvalidSignatureException", MISMATCH, altered(authorization("/firehose/", "/kinesis/")), what="scope")
wrong("InvalidSignatureException", MISMATCH, signed(OWNER, LIST, BODY, service="kinesis"), what="another service")
unsigned = signed(OWNER, LIST, BODY, X_Amz_Content_Sha256="UNSIGNED-PAYLOAD")
wrong("InvalidSignatureException", MISMATCH, unsigned, what="a body that is not signed")
for cut in ("Signature=", "Credential=", "SignedHeaders=", "AWS4-HMAC-SHA256 "):
    equal(told(altered(authorization(cut, "")))[:2], (403, "IncompleteSignatureException"), cut)
equal(told(altered(authorization("host;", "")))[:2], (403, "IncompleteSignatureException"), "host is not signed")
equal(told(altered(header("X-Amz-Date", None)))[:2], (403, "IncompleteSignatureException"), "no date")

# Clocks, and requests that somebody recorded.
for minutes, direction in ((-6, "earlier"), (6, "later"), (-10, "earlier"), (-60 * 24 * 365, "earlier")):
    status, code, message = told(signed(OWNER, LIST, BODY, minutes=minutes))
    equal((status, code), (403, "InvalidSignatureException"), f"{minutes} minutes")
    pattern = rf"Signature expired: \d{{8}}T\d{{6}}Z is now {direction} than \d{{8}}T\d{{6}}Z"
    assert re.fullmatch(pattern, message), message
stamp = now().strftime("%Y%m%dT%H%M%SZ")


def fresh(request):
    header("X-Amz-Date", stamp)(request)
    return request


wrong("InvalidSignatureException", MISMATCH, fresh(signed(OWNER, LIST, BODY, minutes=-10)), what="a new date on an old one")

# In the query.
presigned = (
    f"/?Action={LIST}&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={OWNER[0]}%2F{stamp[:8]}%2Fus-east-1%2Ffirehose"
    f"%2Faws4_request&X-Amz-Date={stamp}&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature={'0' * 64}"
)
refusal = "a signature in the query is not taken here"
wrong("IncompleteSignatureException", refusal, altered(header("Authorization", None)), path=presigned)
wrong("IncompleteSignatureException", refusal, altered(lambda request: None), path=presigned)

# Session tokens.
equal(told(signed((*GUEST, TOKEN), LIST, BODY))[0], 200, "a token")
wrong("UnrecognizedClientException", UNKNOWN, signed(GUEST, LIST, BODY), what="no token")
wrong("UnrecognizedClientException", UNKNOWN, signed((*GUEST, TOKEN + "x"), LIST, BODY), what="another token")
wrong("UnrecognizedClientException", UNKNOWN, signed((*OWNER, TOKEN), LIST, BODY), what="a token where there is none")


# What a key may do.
def of(key):
    return client(aws_access_key_id=key[0], aws_secret_access_key=key[1])


def denied(user, action, stream, call, **input):
    message = (
        f"User: arn:aws:iam::000000000000:user/{user} is not authorized to perform: firehose:{action} on resource: "
        f"arn:aws:firehose:us-east-1:000000000000:deliverystream/{stream}"
    )
    refused(403, "AccessDeniedException", message, call, **input)


owner, writer, reader = of(OWNER), of(WRITER), of(READER)
one = {"Record": {"Data": b"w\n"}}
names = lambda who: who.list_delivery_streams()["DeliveryStreamNames"]
equal(names(owner), ["logs-a", "logs-b", "web"])
equal(names(reader), ["logs-a", "logs-b"], "only those that it sees")
denied("writer", "ListDeliveryStreams", "*", writer.list_delivery_streams)
writer.put_record(DeliveryStreamName="web", **one)
writer.put_record_batch(DeliveryStreamName="web", Records=[one["Record"]])
denied("writer", "PutRecord", "logs-a", writer.put_record, DeliveryStreamName="logs-a", **one)
denied("writer", "PutRecordBatch", "nosuch", writer.put_record_batch, DeliveryStreamName="nosuch", Records=[one["Record"]])
denied("writer", "DescribeDeliveryStream", "web", writer.describe_delivery_stream, DeliveryStreamName="web")
denied("reader", "PutRecord", "logs-a", reader.put_record, DeliveryStreamName="logs-a", **one)
denied("reader", "DescribeDeliveryStream", "web", reader.describe_delivery_stream, DeliveryStreamName="web")
equal(
    reader.describe_delivery_stream(DeliveryStreamName="logs-a")["DeliveryStreamDescription"]["DeliveryStreamName"],
    "logs-a",
)
refused(
    400, "ResourceNotFoundException", "Firehose nosuch under account 000000000000 not found.",
    owner.put_record, DeliveryStreamName="nosuch", **one,
)

# The same call with the same id by another key is another call.
same = {"amz_sdk_invocation_id": "11111111-2222-3333-4444-555555555555"}
again = b'{"DeliveryStreamName":"web","Record":{"Data":"aWQK"}}'
first, repeat, other = (send(signed(key, PUT, again, **same)) for key in (OWNER, OWNER, WRITER))
equal(first[0], 200)
equal(repeat, first, "a repeat")
assert other[0] == 200 and other[1] != first[1], (first, other)
