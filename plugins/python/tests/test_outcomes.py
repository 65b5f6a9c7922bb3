"""What becomes of records, whatever a plugin does on the way."""

import random
import unittest

from standpipe import Failure, testing


def script(record, params, out):
    """Every character of a record is something to do."""
    for step, do in enumerate(record.text):
        if do == "e":
            out.emit(str(step))
        elif do == "k":
            out.emit(str(step), {"key": f"key {step % 3}"})
        elif do == "r":
            out.emit(str(step).encode(), {"route": b"set", "key": None})
        elif do == "d":
            out.drop()
        elif do == "!":
            raise Failure("failed", f"at {step}")
        else:
            raise KeyError(step)


def expected(text, key):
    """The same without a batch around it: `("emitted", [(payload, key, route set)])`, or the fate's name."""
    outputs = []
    dropped = False
    for step, do in enumerate(text):
        if do in "ek":
            outputs.append((str(step), f"key {step % 3}" if do == "k" else key, False))
        elif do == "r":
            outputs.append((str(step), key, True))
        elif do == "d":
            dropped = True
        else:
            return "failed" if do == "!" else "uncaught"
    return "dropped" if dropped else outputs


class Outcomes(unittest.TestCase):
    def test_a_record_is_whole_whatever_its_neighbours_do(self):
        rng = random.Random(1)
        for _ in range(400):
            texts = ["".join(rng.choices("eekkkrrd!?", k=rng.randint(1, 4))) for _ in range(rng.randint(1, 9))]
            keys = [rng.choice([None, "key 1", "other"]) for _ in texts]
            given = [{"route": "given"} if key is None else {"route": "given", "key": key} for key in keys]
            outcomes = testing.run(script, texts, columns=given)
            self.check(outcomes, texts, keys)

    def check(self, outcomes, texts, keys):
        self.assertEqual([output.origin for output in outcomes.outputs], sorted(o.origin for o in outcomes.outputs))
        for number, (text, key) in enumerate(zip(texts, keys)):
            outputs = [
                (o.text, (o.columns.get("key") or b"").decode() or None, o.columns["route"] == b"set")
                for o in outcomes.outputs
                if o.origin == number
            ]
            fates = [failed.code for failed in outcomes.failed if failed.origin == number]
            fates += ["dropped"] * outcomes.dropped.count(number)
            fates += [outputs] if outputs else []
            self.assertEqual(fates, [expected(text, key)], (texts, number))

    def test_equal_values_of_a_column_are_stored_once_and_withdrawn_ones_hide_nothing(self):
        from standpipe._outputs import Outputs

        out = Outputs()
        for number in range(4):
            out._origin = number
            out.emit("x", {"zone": "eu" if number % 2 else "us"} if number < 3 else {"gone": "1"})
        out._withdraw()
        payload, ends, origins, (zone,) = out._finish([])
        self.assertEqual((payload, ends, origins), (b"xxx", [1, 2, 3], [0, 1, 2]))
        self.assertEqual((zone.name, zone.values, zone.ends, zone.index), ("zone", b"useu", [2, 4], [0, 1, 0]))

    def test_payloads_are_bytes_or_text(self):
        def emit(record, params, out):
            out.emit({"bytes": bytearray(b"b"), "view": memoryview(b"v"), "half": "\ud800", "number": 5}[record.text])

        outcomes = testing.run(emit, ["bytes", "view", "half", "number"])
        self.assertEqual(outcomes.texts, ["b", "v"])
        half, number = outcomes.failed
        self.assertEqual((half.code, half.message), ("not-utf8", "an output is not Unicode: half a surrogate pair at 0"))
        self.assertEqual(number.message, "TypeError: an output is bytes or text, not int")

    def test_a_record_tells_what_it_is(self):
        def echo(record, params, out):
            out.emit(f"{record.text} {record.arrival_ms} {record.column('a')} {record.column('b')}")

        outcomes = testing.run(echo, ["x", "y"], arrival_ms=[1, 2], columns=[{"a": "1"}, {"b": "2"}])
        self.assertEqual(outcomes.texts, ["x 1 b'1' None", "y 2 None b'2'"])
        (failed,) = testing.run(echo, [b"ab\xff"]).failed
        self.assertEqual((failed.code, failed.message), ("not-utf8", "the record is not UTF-8: byte 0xff at 2"))


if __name__ == "__main__":
    unittest.main()
