"""What is told of a record that failed."""

import sys
import unittest

from standpipe import Failure, _batch, testing


def fail(what):
    """What is told when the function does this."""
    (failed,) = testing.run(lambda record, params, out: what(), ["x"]).failed
    return failed


def throw(error):
    raise error


def deep():
    return deep()


class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError


class Failures(unittest.TestCase):
    def test_a_failure_is_told_as_it_is(self):
        failed = fail(lambda: throw(Failure("code", "a\nb\ud800")))
        self.assertEqual((failed.code, failed.message, failed.stack), ("code", "a\\nb\\ud800", []))

    def test_an_exception_is_told_with_the_authors_frames_innermost_first(self):
        failed = fail(lambda: throw(ValueError("two\nlines")))
        self.assertEqual((failed.code, failed.message), ("uncaught", "ValueError: two\\nlines"))
        self.assertRegex(failed.stack[0], r"test_failures\.py:\d+ in throw$")
        self.assertNotIn("_batch", "".join(failed.stack))

    def test_nothing_that_is_raised_gets_out(self):
        self.assertEqual(fail(lambda: sys.exit(3)).message, "SystemExit: 3")
        self.assertEqual(fail(lambda: throw(KeyboardInterrupt)).message, "KeyboardInterrupt")
        self.assertEqual(fail(lambda: throw(Unprintable())).message, "Unprintable")
        self.assertEqual(fail(lambda: throw(ValueError("x" * 10_000))).message, "ValueError: " + "x" * 4096 + "…")

    def test_a_deep_stack_is_cut_in_the_middle(self):
        failed = fail(deep)
        self.assertTrue(failed.message.startswith("RecursionError: "), failed.message)
        self.assertEqual(len(failed.stack), 25)
        self.assertRegex(failed.stack[12], r"^… \d+ more$")

    def test_what_an_exception_came_from_is_told_too(self):
        def again():
            try:
                throw(KeyError("first"))
            except KeyError as error:
                raise ValueError("second") from error

        failed = fail(again)
        self.assertEqual(failed.message, "ValueError: second")
        self.assertIn("after KeyError: 'first'", failed.stack)

    def test_memory_that_is_given_back_costs_one_record(self):
        def hog(record, params, out):
            if record.text == "hog":
                held = bytearray(10)
                raise MemoryError
            out.emit(record.payload)

        outcomes = testing.run(hog, ["a", "hog", "b"])
        self.assertEqual((outcomes.texts, outcomes.failed[0].message), (["a", "b"], "MemoryError"))

    def test_memory_that_is_kept_is_an_error_for_the_batch(self):
        room = _batch._ROOM
        _batch._ROOM = sys.maxsize
        try:
            with self.assertRaises(Failure) as caught:
                fail(lambda: throw(MemoryError("all of it")))
        finally:
            _batch._ROOM = room
        self.assertEqual(caught.exception.code, "uncaught")
        self.assertTrue(caught.exception.message.startswith("MemoryError: all of it\n"))


if __name__ == "__main__":
    unittest.main()
