"""What the scripts that call a host share. The first argument is its URL."""

import datetime
import http.client
import sys
from urllib.parse import urlsplit

import boto3
import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

URL = sys.argv[1]
TYPE = "application/x-amz-json-1.1"
now = botocore.auth.get_current_datetime


def client(attempts=1, **more):
    """A client that checks nothing by itself, so that the host has to."""
    retries = {"mode": "standard", "total_max_attempts": attempts}
    config = Config(retries=retries, parameter_validation=False, read_timeout=60)
    return boto3.client("firehose", endpoint_url=URL, config=config, **more)


def equal(found, wanted, what=""):
    assert found == wanted, f"{what}: found {found!r}, wanted {wanted!r}"


def refused(status, code, message, call, **input):
    """The call is refused, with exactly this."""
    try:
        call(**input)
    except ClientError as error:
        found = error.response
        told = (found["ResponseMetadata"]["HTTPStatusCode"], found["Error"]["Code"], found["Error"]["Message"])
        equal(told, (status, code, message))
        return
    raise AssertionError(f"it was not refused: {message}")


def signed(key, operation, body, path="/", minutes=0, service="firehose", region="us-east-1", **headers):
    """A request as botocore signs it with a key's id, secret and token, when it is so many minutes later."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    headers = {"Content-Type": TYPE, "X-Amz-Target": f"Firehose_20150804.{operation}", **headers}
    request = AWSRequest("POST", URL + path, data=body, headers=headers)
    botocore.auth.get_current_datetime = lambda: now() + datetime.timedelta(minutes=minutes)
    botocore.auth.SigV4Auth(Credentials(*key), service, region).add_auth(request)
    return request


def send(request, path="/"):
    """Sends a request as it is, and returns the status and the body."""
    connection = http.client.HTTPConnection(urlsplit(URL).netloc, timeout=60)
    connection.request(request.method, path, request.data, dict(request.headers.items()))
    answer = connection.getresponse()
    return answer.status, answer.read().decode()
