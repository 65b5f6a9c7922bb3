"""The builder's words for the usual mistakes, and the README."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

SDK = pathlib.Path(__file__).resolve().parent.parent


class Build(unittest.TestCase):
    def told(self, source):
        with tempfile.TemporaryDirectory() as folder:
            if source is not None:
                pathlib.Path(folder, "plugin.py").write_text(source)
            command = [sys.executable, SDK / "build.py", "--folder", folder, "--out", f"{folder}/x.wasm", "--wit", folder]
            done = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        return done.stderr

    def test_a_source_that_is_missing_or_no_python_is_named(self):
        self.assertRegex(self.told(None), r"^error: `.*/plugin\.py` is not there")
        self.assertRegex(self.told("x = 1\ndef f(:\n"), r"^error: .*/plugin\.py:2: invalid syntax\n    def f\(:\n$")

    def test_a_traceback_is_the_plugins_own(self):
        sys.path.insert(0, str(SDK))
        self.addCleanup(sys.path.remove, str(SDK))
        import build

        lines = [
            "printed before",
            "Traceback (most recent call last):",
            '  File "/0/standpipe/_guest.py", line 5, in <module>',
            "    import plugin",
            '  File "/1/plugin.py", line 3, in <module>',
            "    1 / 0",
            "    ~~^~~",
            "ZeroDivisionError: division by zero",
        ]
        error = "\n".join(lines) + "\n\nCaused by:\n    the rest"
        told = ["Traceback (most recent call last):", '  File "folder/plugin.py", line 3, in <module>', *lines[5:]]
        self.assertEqual(build.told(error, ["app", "folder"]), "\n".join(told))
        self.assertEqual(build.told("\n".join([*lines[1:4], "TypeError: no"]), ["app", "folder"]), "TypeError: no")

    def test_the_readme_shows_the_example(self):
        _, code = (SDK / "example" / "plugin.py").read_text().split("\n\n", 1)
        self.assertIn(code.strip(), (SDK / "README.md").read_text())


if __name__ == "__main__":
    unittest.main()
