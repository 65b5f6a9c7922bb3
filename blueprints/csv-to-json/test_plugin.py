import sys
import time
import unittest

# Where the SDK lies: in a plugin's own folder, and in Standpipe's repository.
sys.path += ["sdk", "../../plugins/python"]

import plugin
from standpipe import Failure, testing


def run(record, **params):
    return testing.run(plugin.transform, [record], params=params)


class CsvToJson(unittest.TestCase):
    def test_fields_become_members_in_the_order_of_the_columns(self):
        outcomes = run('1,"a ""b""",', columns=["z", "a", "m"], types={"z": "integer"}, empty="null")
        self.assertEqual(outcomes.texts, ['{"z":1,"a":"a \\"b\\"","m":null}'])

    def test_long_values_are_cut_in_messages(self):
        (failed,) = run("x" * 1000, columns=["n"], types={"n": "integer"}).failed
        self.assertEqual(failed.message, f"column `n`: `{'x' * 100}…` is not an integer")

    def test_long_nonsense_is_refused_in_no_time(self):
        for kind in ("integer", "number", "boolean", "json"):
            for nonsense in ("0" * 1_000_000 + "x", "1" * 1_000_000 + "x", "." + "0" * 1_000_000 + "x", "[" * 1_000_000):
                start = time.monotonic()
                (failed,) = run(nonsense, columns=["n"], types={"n": kind}).failed
                self.assertEqual(failed.code, f"bad-{kind}")
                self.assertLess(time.monotonic() - start, 2)

    def test_params_that_say_nothing_clear_are_refused(self):
        for params, message in (
            ({}, "`columns` has to list"),
            ({"columns": []}, "`columns` has to list"),
            ({"columns": "a"}, "`columns` has to list"),
            ({"columns": ["a", "a"]}, "a name twice"),
            ({"columns": ["a"], "types": {"b": "integer"}}, "there is no column `b`"),
            ({"columns": ["a"], "types": {"a": "date"}}, "`types.a` has to be one of string, integer"),
            ({"columns": ["a"], "delimiter": '"'}, "`delimiter`"),
            ({"columns": ["a"], "delimiter": ""}, "`delimiter`"),
            ({"columns": ["a"], "delimiter": ";;"}, "`delimiter`"),
            ({"columns": ["a"], "empty": "drop"}, "`empty` has to be one of keep, null, omit"),
            ({"columns": ["a"], "extra": "keep"}, "`extra` has to be one of fail, drop"),
        ):
            with self.subTest(params), self.assertRaisesRegex(Failure, f"bad-params: .*{message}"):
                run("x", **params)


if __name__ == "__main__":
    unittest.main()
