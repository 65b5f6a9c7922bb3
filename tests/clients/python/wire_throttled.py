"""More than a stream takes in a second."""

import uuid

from wire_common import client, equal, refused

firehose = client()
SLOW = {"ErrorCode": "ServiceUnavailableException", "ErrorMessage": "Slow down."}


def with_invocation(id):
    """A client whose requests all have this id, as those of one call that is tried again."""
    firehose = client()

    def set(request, **_):
        del request.headers["amz-sdk-invocation-id"]
        request.headers["amz-sdk-invocation-id"] = id

    firehose.meta.events.register("before-send.firehose.*", set)
    return firehose


def batch(firehose, name, *records):
    told = firehose.put_record_batch(DeliveryStreamName=name, Records=[{"Data": data} for data in records])
    equal(told["Encrypted"], False)
    return told["FailedPutCount"], told["RequestResponses"]


# Three of five, in their order; the same again for whoever repeats it, and nothing is kept twice.
tried = with_invocation(str(uuid.uuid4()))
failed, answers = batch(tried, "three", b"1\n", b"2\n", b"3\n", b"4\n", b"5\n")
equal(failed, 2)
equal(answers[3:], [SLOW, SLOW])
assert all(list(answer) == ["RecordId"] for answer in answers[:3]), answers
equal(batch(tried, "three", b"1\n", b"2\n", b"3\n", b"4\n", b"5\n"), (2, answers), "a repeat")

# A record passes a rate that is smaller, and is made up for: nothing is left for minutes.
heavy = {"DeliveryStreamName": "thin"}
firehose.put_record(**heavy, Record={"Data": b"x" * 1_000_000})
full = (500, "ServiceUnavailableException", "Slow down.")
refused(*full, firehose.put_record, **heavy, Record={"Data": b"y"})
refused(*full, firehose.put_record_batch, **heavy, Records=[{"Data": b"y"}, {"Data": b"z"}])

# Three seconds' worth, and a client that comes back until it may.
patient = {"DeliveryStreamName": "patient"}
firehose.put_record(**patient, Record={"Data": b"p" * 4 * 1024})
told = client(attempts=20).put_record(**patient, Record={"Data": b"at last"})
tries = told["ResponseMetadata"]["RetryAttempts"]
assert tries >= 1, tries
