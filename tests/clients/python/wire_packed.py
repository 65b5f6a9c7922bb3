"""A body that is packed, and signed as it is sent. Arguments: the URL, the id and the secret of a key."""

import gzip
import json
import sys

from wire_common import equal, send, signed

key = sys.argv[2:4]
body = b'{"DeliveryStreamName":"web","Record":{"Data":"cGFja2VkCg=="}}'
encoded = {"Content_Encoding": "gzip"}


def put(sent, signed_as=None, **headers):
    request = signed(key, "PutRecord", signed_as or sent, **headers)
    request.data = sent
    status, told = send(request)
    return status, json.loads(told)


status, told = put(gzip.compress(body), **encoded)
assert status == 200 and told["RecordId"], told
# As several members, one behind the other.
status, told = put(gzip.compress(body[:9]) + gzip.compress(body[9:]), **encoded)
assert status == 200 and told["RecordId"], told

status, told = put(gzip.compress(body), signed_as=body, **encoded)
equal((status, told["__type"]), (403, "InvalidSignatureException"), "the unpacked body was signed")
status, told = put(body, **encoded)
equal((status, told["__type"], told["message"]), (400, "MalformedHttpRequestException", "the body is not gzip"))
status, told = put(gzip.compress(body)[:-9], **encoded)
equal((status, told["__type"]), (400, "MalformedHttpRequestException"), "cut off")
status, told = put(body, Content_Encoding="br")
equal((status, told["__type"]), (400, "MalformedHttpRequestException"), "an encoding that is not taken")
status, told = put(gzip.compress(b" " * (64 << 20)), **encoded)
equal((status, told["__type"]), (413, "RequestEntityTooLargeException"), "large when it is unpacked")
