"""Puts records into streams until its standard input ends, and writes down what it was told of each.

A record is `CLIENT-NUMBER:LENGTH ` and so many `x`, on a line of its own. Each client writes a line of JSON for every
call that is over: `kept` has the id that each record was given, `refused` has those of a call that was answered and
did not take them, which are put again, and `unknown` has those of a call that was not answered well, which are not.
"""

import argparse
import functools
import json
import random
import sys
import threading
from pathlib import Path

import boto3
import botocore.exceptions
import botocore.retries.standard as standard
from botocore.config import Config

parser = argparse.ArgumentParser()
parser.add_argument("url")
parser.add_argument("folder", type=Path, help="where the ledgers go")
parser.add_argument("--through", help="the URL to call instead")
parser.add_argument("--streams", default="web")
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--clients", type=int, default=4, help="for each stream")
parser.add_argument("--read-timeout", type=float, default=3)
parser.add_argument("--forgetful", action="store_true", help="tries do not say to which call they belong")
parser.add_argument("--hasty", action="store_true", help="one client of each stream gives up soon")
arguments = parser.parse_args()

# As it comes, a call waits up to 20 s between two tries, and after some that failed there are no more of them.
standard.ExponentialBackoff = functools.partial(standard.ExponentialBackoff, max_backoff=0.2)
standard.quota.RetryQuota = functools.partial(standard.quota.RetryQuota, initial_capacity=1 << 40)

over = threading.Event()


def connect(tries):
    config = Config(
        retries={"mode": "standard", "max_attempts": tries},
        connect_timeout=2,
        read_timeout=arguments.read_timeout,
        max_pool_connections=64,
    )
    client = boto3.client("firehose", endpoint_url=arguments.through or arguments.url, config=config)
    if arguments.forgetful:
        client.meta.events.register("before-send.firehose", forget)
    return client


def forget(request, **_):
    del request.headers["amz-sdk-invocation-id"]


class Putter:
    """One client: it has one call under way at a time."""

    def __init__(self, number, stream, firehose):
        self.name = f"c{number}"
        self.stream = stream
        self.firehose = firehose
        self.draw = random.Random(f"{arguments.seed} {number}")
        self.next = 0
        self.again = []
        self.ledger = open(arguments.folder / f"{self.name}.jsonl", "w", encoding="utf-8")

    def records(self):
        """Those that were refused, and new ones."""
        count = 1 if self.draw.randrange(4) == 0 else self.draw.randint(1, 50)
        # Now and then so many bytes that a lane falls behind.
        length = 30_000 if self.draw.randrange(40) == 0 else self.draw.randrange(600)
        records, self.again = self.again[:count], self.again[count:]
        while len(records) < count:
            name = f"{self.name}-{self.next}"
            self.next += 1
            records.append((name, f"{name}:{length} {'x' * length}\n".encode()))
        return records

    def put(self, records):
        """Returns the answer, and for each record its id, or nothing."""
        if len(records) == 1 and self.draw.randrange(2) == 0:
            answer = self.firehose.put_record(DeliveryStreamName=self.stream, Record={"Data": records[0][1]})
            return answer, [answer["RecordId"]]
        answer = self.firehose.put_record_batch(
            DeliveryStreamName=self.stream, Records=[{"Data": data} for _, data in records]
        )
        told = [entry.get("RecordId") for entry in answer["RequestResponses"]]
        assert len(told) == len(records) and told.count(None) == answer["FailedPutCount"], answer
        return answer, told

    def call(self):
        records = self.records()
        line = {"stream": self.stream, "tries": 1}
        try:
            answer, told = self.put(records)
            line["tries"] += answer["ResponseMetadata"]["RetryAttempts"]
            line["kept"] = {name: id for (name, _), id in zip(records, told) if id}
            refused = [record for record, id in zip(records, told) if not id]
            line["refused"] = [name for name, _ in refused]
            self.again = refused + self.again
        except botocore.exceptions.ClientError as error:
            line["tries"] += error.response["ResponseMetadata"].get("RetryAttempts", 0)
            line["error"] = error.response["Error"]["Code"]
        except botocore.exceptions.BotoCoreError as error:
            line["error"] = type(error).__name__
        except KeyError:
            # Python takes a head of which the end is missing for a whole one, and boto3 what follows for an empty answer.
            line["error"] = "Beheaded"
        if "error" in line:
            line["unknown"] = [name for name, _ in records]
        print(json.dumps(line), file=self.ledger, flush=True)

    def run(self):
        while not over.is_set():
            self.call()


def main():
    streams = arguments.streams.split(",")
    patient = connect(1_000)
    hasty = connect(2) if arguments.hasty else patient
    putters = [
        Putter(number, streams[number % len(streams)], hasty if number < len(streams) else patient)
        for number in range(arguments.clients * len(streams))
    ]
    threads = [threading.Thread(target=putter.run) for putter in putters]
    for thread in threads:
        thread.start()
    # Also when whoever started this is no more.
    sys.stdin.read()
    over.set()
    for thread in threads:
        thread.join()


main()
