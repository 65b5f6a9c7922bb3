"""Puts records into a stream until it is gone, and writes down what was told of each call.

The arguments behind the URL are the stream, a folder for the ledgers, and how many clients there are. A record is
`STREAM-CLIENT-NUMBER` and padding. A line of a ledger has the `names` of a call, when its last try was `sent` and when
the call was `over`, in seconds since 1970, and the `error`, if there is one. A client ends when it was refused several
times in a row because there is no such stream.
"""

import functools
import json
import random
import sys
import threading
import time
from pathlib import Path

import boto3
import botocore.exceptions
import botocore.retries.standard as standard
from botocore.config import Config

URL, STREAM, FOLDER, CLIENTS = sys.argv[1:5]
ENOUGH = 5

# As it comes, a call waits up to 20 s between two tries, and after some that failed there are no more of them.
standard.ExponentialBackoff = functools.partial(standard.ExponentialBackoff, max_backoff=0.2)
standard.quota.RetryQuota = functools.partial(standard.quota.RetryQuota, initial_capacity=1 << 40)

config = Config(retries={"mode": "standard", "max_attempts": 1_000}, read_timeout=30, max_pool_connections=64)
firehose = boto3.client("firehose", endpoint_url=URL, config=config)
sending = threading.local()


def note_sent(**_):
    sending.at = time.time()


firehose.meta.events.register("before-send.firehose", note_sent)


def call(draw, names):
    records = [{"Data": f"{name} {'x' * draw.randrange(2_000)}\n".encode()} for name in names]
    line = {"names": names}
    try:
        if len(records) == 1:
            firehose.put_record(DeliveryStreamName=STREAM, Record=records[0])
        else:
            answer = firehose.put_record_batch(DeliveryStreamName=STREAM, Records=records)
            if answer["FailedPutCount"]:
                line["error"] = "FailedPutCount"
    except botocore.exceptions.ClientError as error:
        line["error"] = error.response["Error"]["Code"]
    except botocore.exceptions.BotoCoreError as error:
        line["error"] = type(error).__name__
    return {**line, "sent": sending.at, "over": time.time()}


def put(number):
    draw, next, refused = random.Random(number), 0, 0
    with open(Path(FOLDER) / f"{STREAM}-{number}.jsonl", "w", encoding="utf-8") as ledger:
        while refused < ENOUGH:
            count = draw.choice([1, 1, 2, 20])
            line = call(draw, [f"{STREAM}-{number}-{next + record}" for record in range(count)])
            next += count
            refused = refused + 1 if line.get("error") == "ResourceNotFoundException" else 0
            print(json.dumps(line), file=ledger, flush=True)


threads = [threading.Thread(target=put, args=(number,)) for number in range(int(CLIENTS))]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
