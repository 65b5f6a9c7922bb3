"""The whole life of a stream, by the AWS CLI: the same calls as boto3's, each a process."""

import datetime
import json
import os
import re
import subprocess
import sys
from pathlib import Path

from botocore import xform_name
from botocore.exceptions import ClientError

sys.path.append(str(Path(__file__).parent.parent / "python"))
import life

REFUSED = re.compile(r"An error occurred \((\w+)\) when calling the (\w+) operation")


def text(value):
    """A value of the command line: JSON, unless it is short."""
    if isinstance(value, (str, int)):
        return str(value)
    return json.dumps(value, default=bytes.decode)


class Aws:
    def __init__(self, id, secret):
        self.environment = {**os.environ, "AWS_ACCESS_KEY_ID": id, "AWS_SECRET_ACCESS_KEY": secret}

    def __getattr__(self, operation):
        return lambda **input: self.call(operation.replace("_", "-"), input)

    def call(self, operation, input):
        command = [sys.executable, "-m", "awscli", "--endpoint-url", sys.argv[1], "--output", "json", "firehose", operation]
        for member, value in input.items():
            command += [f"--{xform_name(member, '-')}", text(value)]
        ran = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=life.SOON)
        if ran.returncode == 0:
            return json.loads(ran.stdout or "{}", object_hook=with_times)
        told = REFUSED.search(ran.stderr)
        assert told, f"{command}: {ran.returncode} {ran.stderr}"
        raise ClientError({"Error": {"Code": told[1]}}, told[2])


def with_times(value):
    """The CLI prints the seconds that the service tells."""
    if isinstance(created := value.get("CreateTimestamp"), (int, float)):
        value["CreateTimestamp"] = datetime.datetime.fromtimestamp(created, datetime.timezone.utc)
    return value


life.run(Aws)
