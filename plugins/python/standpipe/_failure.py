"""Failures, and what is told of an exception that nobody caught."""

import os
import sys

# Where frames are the SDK's own and say nothing to an author.
_HERE = os.path.dirname(__file__) + os.sep
# Of a deep recursion the ends tell enough.
_MOST_FRAMES = 24
_MOST_TEXT = 4096


class Failure(Exception):
    """Raise it to fail a record: it goes to the error output with its source bytes, the others go on.

    `code` is a short word for machines, such as `not-json`; `message` is a sentence for people.
    """

    def __init__(self, code, message):
        super().__init__(code, message)
        self.code = str(code)
        self.message = str(message)

    def __str__(self):
        return f"{self.code}: {self.message}"


def one_line(text):
    """Text as the host takes it: UTF-8, and in one line, since the lines after the first are the stack."""
    return plain(text.replace("\n", "\\n").replace("\r", "\\r"))


def plain(text):
    """Text without what cannot be UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode()


def describe(error):
    """What is known of an uncaught exception: `ValueError: text`, then a line for each frame, innermost first."""
    lines = [_headline(error), *_frames(error.__traceback__)]
    cause, seen = error, {id(error)}
    while (cause := cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)) is not None:
        if id(cause) in seen or len(seen) > 4:
            break
        seen.add(id(cause))
        lines += ["after " + _headline(cause), *_frames(cause.__traceback__)]
    return "\n".join(lines)


def _headline(error):
    try:
        text = str(error)
    except BaseException:  # the author's own `__str__`
        text = ""
    if len(text) > _MOST_TEXT:
        text = text[:_MOST_TEXT] + "…"
    if isinstance(error, ModuleNotFoundError) and sys.platform == "wasi":
        text += "; a component has the modules that were imported when it was made: import it at the top of `plugin.py`"
    name = type(error).__name__
    return one_line(f"{name}: {text}" if text else name)


def _frames(traceback):
    frames = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if not code.co_filename.startswith(_HERE):
            frames.append((code.co_filename, traceback.tb_lineno, getattr(code, "co_qualname", code.co_name)))
        traceback = traceback.tb_next
    frames.reverse()
    lines = [plain(f"{_file(name)}:{line} in {function}") for name, line, function in frames]
    if len(lines) > _MOST_FRAMES:
        half = _MOST_FRAMES // 2
        lines[half:-half] = [f"… {len(lines) - 2 * half} more"]
    return lines


def _file(name):
    """The name without the place where the build had mounted it: `/0/plugin.py` is `plugin.py`."""
    top, _, rest = name.lstrip("/").partition("/")
    return rest if top.isdigit() or top == "python" else name
