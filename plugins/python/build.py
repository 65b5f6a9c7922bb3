#!/usr/bin/env python3
"""Makes a component of a plugin: `plugin.py` in a folder, and what it imports.

    python3 sdk/build.py --folder DIR --out FILE.wasm --wit DIR

The Python that runs this has componentize-py. What `requirements.txt` lists in the folder is put into
`build/site`; it has to be pure Python. The bindings are generated anew from the contract.
"""

import argparse
import ast
import hashlib
import pathlib
import re
import shutil
import subprocess
import sys

NEEDS = "componentize-py==0.25.1"
WORLD = "batch-plugin"
SDK = pathlib.Path(__file__).resolve().parent
# The Python that a component holds.
PYTHON = "3.14"
# Where that was built, folder by folder.
ENGINE_BUILT_IN = [("home", "runner", "work"), ("root", ".cargo")]

APP = """\
import sys

sys.dont_write_bytecode = True

from standpipe._guest import Batch
"""


def main():
    args = arguments()
    folder = args.folder.resolve()
    read(folder / "plugin.py")
    site = requirements(folder)
    app = folder / "build" / "app"
    shutil.rmtree(app, ignore_errors=True)
    app.mkdir(parents=True)
    (app / "standpipe_app.py").write_text(APP)
    # The author's modules come first, but a copy of the SDK among them does not hide this one.
    shutil.copytree(SDK / "standpipe", app / "standpipe", ignore=shutil.ignore_patterns("__pycache__", "testing.py"))
    made = app / "made.wasm"
    componentize(args.wit, [app, folder, site], made)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_bytes(anonymous(made.read_bytes()))
    made.unlink()


def anonymous(component):
    """The component without the paths of the machines that built its interpreter, which panics name. What stands for
    them is as long, and no string of the author's begins so."""
    for parts in ENGINE_BUILT_IN:
        path = "/".join(["", *parts]).encode()
        component = component.replace(path + b"/", re.sub(rb"[^/]", b"_", path) + b"/")
    return component


def arguments():
    parser = argparse.ArgumentParser(description="Makes a component of a plugin written in Python.")
    parser.add_argument("--folder", type=pathlib.Path, required=True, help="where `plugin.py` is")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="the component")
    parser.add_argument("--wit", type=pathlib.Path, required=True, help="the folder of the contract")
    return parser.parse_args()


def read(path):
    """Looks at the source before anything runs: these are the usual mistakes."""
    try:
        ast.parse(path.read_bytes(), str(path))
    except FileNotFoundError:
        fail(f"`{path}` is not there: it is where the function `transform` is written")
    except SyntaxError as error:
        fail(f"{path}:{error.lineno}: {error.msg}\n    {(error.text or '').strip()}")


def requirements(folder):
    """Installs what the plugin depends on, if the list changed, and returns the place."""
    site = folder / "build" / "site"
    wanted = folder / "requirements.txt"
    if not wanted.exists():
        shutil.rmtree(site, ignore_errors=True)
        return site
    digest = hashlib.sha256(wanted.read_bytes()).hexdigest()
    stamp = site / ".requirements"
    if stamp.exists() and stamp.read_text() == digest:
        return site
    shutil.rmtree(site, ignore_errors=True)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    # Only wheels without machine code: a component has no other processor than its own.
    pure = ["--only-binary=:all:", "--platform=any", "--implementation=py", "--abi=none", f"--python-version={PYTHON}"]
    done = subprocess.run([*pip, *pure, "--target", str(site), "--requirement", str(wanted)])
    if done.returncode:
        fail(f"`{wanted}` could not be installed: each package in it needs a wheel in pure Python for {PYTHON}")
    stamp.write_text(digest)
    return site


def componentize(wit, path, out):
    try:
        import componentize_py
    except ImportError:
        fail(f"componentize-py is not installed: `{sys.executable} -m pip install {NEEDS}`")
    try:
        componentize_py.componentize(
            [str(wit)],  # contract
            [WORLD],
            [],  # features
            False,  # all features
            None,  # name of the bindings' module
            [str(place) for place in path],
            [],  # worlds of modules
            "standpipe_app",
            str(out),
            False,  # the host has a clock, random numbers and output: no stubs
            [],  # names of imports
            [],  # names of exports
            False,  # full names
            None,  # world to intersect with
        )
    except AssertionError as error:
        fail(told(str(error), path))


def told(error, path):
    """The plugin's own traceback, without what it printed before, the SDK's frames and the builder's backtrace."""
    error = error.partition("\n\nCaused by:")[0]
    lines = []
    ours = False
    for line in error[max(error.find("Traceback (most recent call last)"), 0) :].splitlines():
        if line.startswith("  File "):
            ours = line.startswith('  File "/0/')
        elif not line.startswith("    "):
            ours = False
        if not ours:
            lines.append(line)
    # Where the builder had put the folders.
    for number, place in enumerate(path):
        lines = [line.replace(f'  File "/{number}/', f'  File "{place}/') for line in lines]
    return "\n".join(lines if len(lines) > 2 else lines[-1:])


def fail(message):
    sys.exit(f"error: {message}")


if __name__ == "__main__":
    main()
