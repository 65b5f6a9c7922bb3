"""Writes signed.json: requests as botocore signs them. `pip install botocore && python3 sign.py >signed.json`"""

import datetime
import json

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

NOW = datetime.datetime(2026, 11, 26, 0, 15, 0)


class Fixed(datetime.datetime):
    @classmethod
    def utcnow(cls):
        return NOW

    @classmethod
    def now(cls, tz=None):
        return NOW.replace(tzinfo=tz)


botocore.auth.datetime = type("module", (), {"datetime": Fixed})
if hasattr(botocore.auth, "get_current_datetime"):
    botocore.auth.get_current_datetime = lambda remove_tzinfo=True: NOW

JSON = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "Firehose_20150804.PutRecord"}
BODY = '{"DeliveryStreamName":"web","Record":{"Data":"aGVsbG8="}}'
CASES = {
    "plain": ("POST", "http://127.0.0.1:4573/", JSON, BODY, None, "us-east-1"),
    "another region": ("POST", "http://localhost:4573/", JSON, BODY, None, "eu-central-1"),
    "the usual port": ("POST", "http://firehose.example.com/", JSON, BODY, None, "us-east-1"),
    "a session": ("POST", "http://127.0.0.1:4573/", JSON, BODY, "FwoGZXIvYXdzEXAMPLE==", "us-east-1"),
    "an invocation": (
        "POST",
        "http://127.0.0.1:4573/",
        {**JSON, "amz-sdk-invocation-id": "0a1b", "amz-sdk-request": "attempt=1"},
        BODY,
        None,
        "us-east-1",
    ),
    "spaces in a header": ("POST", "http://127.0.0.1:4573/", {**JSON, "X-Amz-Odd": "  two   spaces "}, BODY, None, "us-east-1"),
    "a path and a query": ("POST", "http://127.0.0.1:4573/streams/a%20b/records?x=1&a=%2F", JSON, "one\n", None, "us-east-1"),
    "an empty body": ("GET", "http://127.0.0.1:4573/", {}, "", None, "us-east-1"),
    "other letters": ("POST", "http://127.0.0.1:4573/", JSON, '{"DeliveryStreamName":"wéb"}', None, "us-east-1"),
}

out = []
for name, (method, url, headers, body, token, region) in CASES.items():
    request = AWSRequest(method=method, url=url, headers=headers, data=body.encode())
    credentials = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token)
    botocore.auth.SigV4Auth(credentials, "firehose", region).add_auth(request)
    prepared = request.prepare()
    host = url.split("/")[2]
    sent = [["host", host]] + [[key.lower(), value if isinstance(value, str) else value.decode()] for key, value in prepared.headers.items()]
    out.append({"name": name, "method": method, "target": url.split(host, 1)[1], "headers": sent, "body": body})
print(json.dumps(out, indent=1, ensure_ascii=False))
