import sys
import unittest

# Where the SDK lies: in a plugin's own folder, and in Standpipe's repository.
sys.path += ["sdk", ".."]

import plugin
from standpipe import testing

PARAMS = {"zones": ["eu", "us"]}


class Zones(unittest.TestCase):
    def run_one(self, record):
        return testing.run(plugin.transform, [record], params=PARAMS)

    def test_an_object_goes_to_the_first_zone(self):
        outcomes = self.run_one('{"kind":"click","user":"Zoë"}')
        self.assertEqual(outcomes.texts, ['{"kind":"click","user":"Zoë","zone":"eu"}'])
        self.assertEqual(outcomes.outputs[0].columns, {"zone": b"eu"})
        self.assertEqual(outcomes.counts, {"emitted": 1})

    def test_a_global_one_goes_to_all(self):
        outcomes = self.run_one('{"kind":"global"}')
        self.assertEqual([output.columns["zone"] for output in outcomes.outputs], [b"eu", b"us"])
        self.assertEqual(outcomes.logs, [("debug", "global record")])

    def test_a_debug_one_is_dropped(self):
        outcomes = self.run_one('{"kind":"debug"}')
        self.assertEqual((outcomes.outputs, outcomes.dropped), ([], [0]))

    def test_what_is_no_object_fails(self):
        for record in ("not json", "[1]", "", b"\xff", '{"kind":"corrupt"}'):
            with self.subTest(record):
                (failed,) = self.run_one(record).failed
                self.assertEqual(failed.code, "corrupt" if "corrupt" in str(record) else "not-json")


if __name__ == "__main__":
    unittest.main()
