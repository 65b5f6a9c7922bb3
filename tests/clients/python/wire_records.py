"""Plain records with a signature of AWS's. Arguments: the URL, the id and the secret of a key."""

import json
import sys

from wire_common import equal, send, signed

key, path, body = sys.argv[2:4], "/streams/web/records", b"signed\n"

status, told = send(signed(key, "", body, path=path), path)
equal((status, json.loads(told)["records"]), (200, 1))
status, told = send(signed((key[0], "another"), "", body, path=path), path)
equal((status, json.loads(told)["error"]), (403, "InvalidSignatureException"))
status, told = send(signed(key, "", body, path="/streams/other/records"), path)
equal((status, json.loads(told)["error"]), (403, "InvalidSignatureException"), "another stream was signed")
