"""The functions that an author writes."""

import inspect


def check(module):
    """Raises `TypeError` where a plugin's functions cannot be called as the host does."""
    if not callable(getattr(module, "transform", None)):
        raise TypeError("`plugin.py` has no function `transform(record, params, out)`")
    check_function(module.transform, ("record", "params", "out"))
    init = getattr(module, "init", None)
    if init is not None:
        check_function(init, ("params", "context"))


def check_function(function, takes):
    """The same for one function that takes these arguments."""
    name = getattr(function, "__name__", "transform")
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise TypeError(f"`{name}` is a plain function, without `async` and `yield`: outputs go to `out.emit`")
    try:
        inspect.signature(function).bind(*takes)
    except TypeError:
        raise TypeError(f"`{name}` takes the arguments {', '.join(takes)}") from None
    except ValueError:
        pass  # a function that tells nothing of its arguments


def settings(module, params, context):
    """What `transform` is given as `params`: what `init` makes of them, if there is one."""
    init = getattr(module, "init", None)
    made = init(params, context) if init is not None else None
    return params if made is None else made
