"""Checks of the arguments of public functions: a wrong type is a user's mistake, with one clear message."""

import functools
import inspect
import typing
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from harness.common import fields

P = ParamSpec("P")
R = TypeVar("R")


def checked(function: Callable[P, R]) -> Callable[P, R]:
    """Convert each argument of a function to its declared type before the call, as ``fields.coerce`` does for fields.

    A text does not count as a list of texts. Raises ``UserError`` with the argument's name if a value cannot be
    converted. Arguments without a declared type and arguments of ``**`` stay unchanged.
    """
    signature = inspect.signature(function)

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        hints = typing.get_type_hints(function)  # only now, so that a declared type costs no import earlier
        given = signature.bind(*args, **kwargs)
        for name, value in given.arguments.items():
            if name in hints and signature.parameters[name].kind is not inspect.Parameter.VAR_KEYWORD:
                given.arguments[name] = fields.converted(name, value, hints[name])
        return function(*given.args, **given.kwargs)

    return call
