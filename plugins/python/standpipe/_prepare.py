"""What is done once, when a component is made of a plugin. There are files then; later there are none, and only
modules that are loaded now can be imported."""

import ast
import gc
import importlib
import sys

# What others load when they first need it.
_LATE = {"datetime": ["_strptime"]}
_ENCODINGS = ["ascii", "cp1252", "iso8859_1", "iso8859_15", "latin_1", "utf_16", "utf_16_be", "utf_16_le", "utf_8_sig"]
# Nothing late in these.
_OURS = ("standpipe", "wit_world", "componentize_py_types", "componentize_py_runtime")


def prepare():
    """Loads what functions will import, and tidies the memory, which becomes a part of the component."""
    for name in _ENCODINGS:
        importlib.import_module(f"encodings.{name}")
    seen = set()
    while fresh := [name for name in sys.modules if name not in seen]:
        seen.update(fresh)
        for name in fresh:
            for late in _LATE.get(name, []) + _late_imports(sys.modules[name]):
                _load(late)
    gc.collect()
    _wipe()


def _load(name):
    try:
        importlib.import_module(name)
    except (Exception, SystemExit):
        pass  # not there, or no module but a name in one: then the function finds that itself


def _late_imports(module):
    """The modules that functions of this module import. The standard library's own are left out: too many."""
    file = getattr(module, "__file__", None) or ""
    if not file.endswith(".py") or file.startswith("/python/") or module.__name__.partition(".")[0] in _OURS:
        return []
    with open(file, "rb") as source:
        tree = ast.parse(source.read())
    names = []
    for function in ast.walk(tree):
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for node in ast.walk(function):
                names += _imported(node, module.__package__ or "")
    return names


def _imported(node, package):
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        place = package.rsplit(".", node.level - 1)[0] if node.level else ""
        base = ".".join(part for part in (place, node.module) if part)
        return [base, *(f"{base}.{alias.name}" for alias in node.names)]
    return []


def _wipe():
    """Overwrites what is free, the sources of modules above all: zeros take no room in the component, which is a
    twelfth smaller for this. About as much as is free, so that the memory does not grow."""
    held = [bytearray(1 << 14) for _ in range(128)]
    held.clear()
