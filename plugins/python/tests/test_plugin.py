"""What an author's functions may look like, and what they tell the host."""

import types
import unittest

from standpipe import Failure, _plugin, _prepare, count, log, testing


def emit(record, params, out):
    out.emit(repr(params))


class Functions(unittest.TestCase):
    def test_params_are_what_init_makes_of_them(self):
        self.assertEqual(testing.run(emit, ["x"], params={"a": 1}).texts, ["{'a': 1}"])
        made = testing.run(emit, ["x"], params={"a": 1}, init=lambda params, context: (params["a"], context["stream"]))
        self.assertEqual(made.texts, ["(1, 'test')"])
        self.assertEqual(testing.run(emit, ["x"], init=lambda params, context: None).texts, ["{}"])

    def test_params_that_init_refuses_are_an_error(self):
        def init(params, context):
            raise Failure("bad-params", "`a` is missing")

        with self.assertRaisesRegex(Failure, "bad-params: `a` is missing"):
            testing.run(emit, ["x"], init=init)

    def test_init_is_found_beside_the_function(self):
        module = types.ModuleType("a_plugin")
        exec("def transform(r, p, out): out.emit(p)\ndef init(params, context): return 'made'", module.__dict__)
        import sys

        sys.modules["a_plugin"] = module
        self.addCleanup(sys.modules.pop, "a_plugin")
        self.assertEqual(testing.run(module.transform, ["x"]).texts, ["made"])

    def test_functions_that_cannot_be_called_are_refused(self):
        async def waits(record, params, out): ...

        def yields(record, params, out):
            yield record

        for transform in (waits, yields, lambda record: None, None):
            with self.subTest(transform), self.assertRaises(TypeError):
                _plugin.check(types.SimpleNamespace(transform=transform))
        with self.assertRaises(TypeError):
            _plugin.check(types.SimpleNamespace(transform=emit, init=lambda params: None))
        _plugin.check(types.SimpleNamespace(transform=emit))

    def test_silence_is_no_drop(self):
        with self.assertRaisesRegex(AssertionError, r"records \[0, 1\]"):
            testing.run(lambda record, params, out: None, ["x", "y"])

    def test_what_is_said_reaches_the_test(self):
        def say(record, params, out):
            log("warn", "half \ud800")
            count("seen", 2)
            count("seen")
            out.drop()

        outcomes = testing.run(say, ["x"])
        self.assertEqual((outcomes.logs, outcomes.counts), ([("warn", "half \\ud800")], {"seen": 3}))
        for wrong in (lambda: log("loud", "x"), lambda: count("a", -1), lambda: count("a", 1.5), lambda: count(1)):
            with self.assertRaises((TypeError, ValueError)):
                wrong()

    def test_sums_do_not_pass_what_the_host_takes(self):
        def add(record, params, out):
            count("big", 2**64)
            out.drop()

        self.assertEqual(testing.run(add, ["x", "y"]).counts, {"big": 2**64 - 1})

    def test_what_functions_import_is_found(self):
        import tempfile

        source = "import os\ndef f():\n    import a.b as c\n    def g():\n        from . import d\n        from .e import h\n"
        with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
            file.write(source)
            file.flush()
            module = types.ModuleType("package.module")
            module.__file__, module.__package__ = file.name, "package"
            names = set(_prepare._late_imports(module))
        self.assertEqual(names, {"a.b", "package", "package.d", "package.e", "package.e.h"})


if __name__ == "__main__":
    unittest.main()
