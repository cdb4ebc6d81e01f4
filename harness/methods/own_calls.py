"""Calls of the hooks in a user's class, whose errors name the user's file and line."""

import inspect
from collections.abc import Callable, Sequence, Set
from pathlib import Path
from types import MethodType
from typing import TYPE_CHECKING, Any, TypeVar

from harness.common.errors import TimeLimitError, UserError
from harness.common.users import own_code
from harness.methods.base import Method
from harness.methods.own_classes import class_in

if TYPE_CHECKING:
    from torch.optim import Optimizer
    from transformers import TrainerCallback

T = TypeVar("T")


def called(
    method: Method, hook: str, kind: type[T] | tuple[type[T], ...], given: Sequence[Any], path: Path, shown: str
) -> T:
    """The return value of a hook, checked for its type.

    Args:
        method: The instance of the user's class.
        hook: Name of the hook.
        kind: The type or types that it may return.
        given: The hook's arguments.
        path: The user's file.
        shown: The file's name in messages.

    Raises:
        UserError: The hook fails or returns another type.
    """
    told = f"{hook} of the method {method.name!r}"
    found = _guarded(getattr(method, hook), told, path)(*given)
    if not isinstance(found, kind):
        code = getattr(inspect.unwrap(getattr(class_in(path, method.name), hook)), "__code__", None)
        where = shown if code is None else f"{shown}:{code.co_firstlineno}"
        wanted = " or ".join(_word(one) for one in (kind if isinstance(kind, tuple) else (kind,)))
        raise UserError(f"{where}: {told} returns {_word(type(found))}; it must return {wanted}")
    return found


def guard(callback: "TrainerCallback", name: str, path: Path) -> None:
    """Make errors in a callback of the method ``name`` show the user's file and line."""
    for event in [name for name in dir(callback) if name.startswith("on_")]:
        setattr(callback, event, _guarded(getattr(callback, event), f"{event} of the method {name!r}", path))


def guarded_optimizer(optimizer: "Optimizer", given: Set[int], name: str, path: Path, shown: str) -> "Optimizer":
    """The optimizer of the method ``name``; an error in its step names the user's file and line.

    Raises ``UserError`` unless ``given`` are the Python ids of its weights. ``path`` and ``shown`` are as in
    ``called``.
    """
    if {id(weight) for one in optimizer.param_groups for weight in one["params"]} != given:
        raise UserError(
            f"{shown}: the optimizer of the method {name!r} must have exactly the weights that it was given; freeze "
            "weights in 'adapt'"
        )
    step = _guarded(type(optimizer).step, f"the optimizer of the method {name!r}", path)
    # A bound method, because torch's schedules bind it anew.
    optimizer.__dict__["step"] = MethodType(step, optimizer)
    return optimizer


def _guarded(function: Callable[..., Any], shown: str, path: Path) -> Callable[..., Any]:
    """The function with a guard: its errors name the user's file and line."""

    def run(*given: Any, **rest: Any) -> Any:
        try:
            return function(*given, **rest)
        except (UserError, MemoryError, TimeLimitError):
            raise
        except Exception as error:
            if "out of memory" in str(error):
                raise
            place, said = own_code.told(error, path)
            raise UserError(f"{place}: {shown} fails: {said}") from error

    return run


def _word(kind: type) -> str:
    return "None" if kind is type(None) else f"type {kind.__name__}"
