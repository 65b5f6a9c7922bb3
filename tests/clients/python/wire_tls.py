"""Over TLS. Arguments: the URL, and the certificate to trust.

Puts a record with boto3 and one on a connection of its own, and says which certificate that has. For each line on
standard input, it does so again: on the connections that are open already.
"""

import http.client
import json
import ssl
import sys
from urllib.parse import urlsplit

from botocore.exceptions import SSLError

from wire_common import URL, client, equal

record = {"DeliveryStreamName": "web", "Record": {"Data": b"by boto3\n"}}
# As people use it: the certificates of the system do not know this one.
try:
    client().put_record(**record)
    raise AssertionError("a certificate was trusted that nobody knows")
except SSLError:
    pass

firehose = client(verify=sys.argv[2])
trusted = ssl.create_default_context(cafile=sys.argv[2])
connection = http.client.HTTPSConnection(urlsplit(URL).netloc, context=trusted, timeout=60)
connection.connect()
socket = connection.sock


def put():
    firehose.put_record(**record)
    connection.request("POST", "/streams/web/records", b"by hand\n", {"Content-Type": "application/octet-stream"})
    answer = connection.getresponse()
    equal((answer.status, json.loads(answer.read())["records"]), (200, 1))
    assert connection.sock is socket, "it is another connection"
    print(socket.getpeercert()["serialNumber"], flush=True)


put()
for line in sys.stdin:
    put()
