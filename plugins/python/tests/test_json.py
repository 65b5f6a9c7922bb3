import json as python
import random
import unittest

from standpipe import json, testing


class Json(unittest.TestCase):
    def test_documents_come_back_as_they_were(self):
        for text in ('{"a":[1,-2.5,null,true,"ü\\n\\u0001"],"b":{}}', "[]", '"x"', "12345678901234567890123", "1e+30"):
            self.assertEqual(json.loads(text), python.loads(text))
            self.assertEqual(json.loads(text.encode()), python.loads(text))
        self.assertEqual(json.dumps({"a": ["ü", 1.5, None], "b": {1: True}}), '{"a":["ü",1.5,null],"b":{"1":true}}')
        self.assertEqual(json.loads(" [1] \n"), [1])

    def test_what_is_no_json_is_refused(self):
        bad = ("", " ", "nul", "[1", "[1] 2", "{'a':1}", "NaN", "[Infinity]", "\ufeff1", '"\n"', b"\xff", b"\xff\xfe1\x00")
        for document in bad:
            with self.subTest(document), self.assertRaises(ValueError):
                json.loads(document)
        for value in (float("nan"), [float("inf")]):
            with self.assertRaises(ValueError):
                json.dumps(value)
        with self.assertRaises(TypeError):
            json.dumps({"a": b"bytes"})

    def test_depth_is_measured_before_it_is_read(self):
        for opening, closing in ("[]", ("[{\"a\":", "}]"), ("{\"[\":", "}")):
            levels = json.DEEPEST // len(opening.replace('"a":', "").replace('"[":', ""))
            json.loads(opening * levels + "1" + closing * levels)
            for depth in (levels + 1, 100_000):
                for document in (opening * depth + "1" + closing * depth, opening * depth):
                    with self.assertRaisesRegex(ValueError, "500 levels"):
                        json.loads(document)
                    with self.assertRaisesRegex(ValueError, "500 levels"):
                        json.loads(document.encode())

    def test_flat_documents_may_be_long_and_strings_may_hold_brackets(self):
        rng = random.Random(2)
        for strings in (["a"], ["[" * 600, "}{", '\\"]'], ["x" * 10, '"[', "\\"]):
            value = [{"a": [rng.choice(strings), {"b": []}]} for _ in range(1000)]
            self.assertEqual(json.loads(python.dumps(value)), value)

    def test_a_record_that_is_no_json_fails_by_itself(self):
        outcomes = testing.run(lambda record, params, out: out.emit_json(record.json()), ["{ }", "{", b"\xff"])
        self.assertEqual(outcomes.texts, ["{}"])
        self.assertEqual([failed.code for failed in outcomes.failed], ["not-json", "not-json"])
        self.assertTrue(outcomes.failed[0].message.startswith("the record is not JSON: Expecting "))


if __name__ == "__main__":
    unittest.main()
