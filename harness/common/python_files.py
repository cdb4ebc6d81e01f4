"""A user's own Python file that defines a study, task, metric or methods.

A study or task is the value of a fixed name, or of a function of that name in lower case. The file may import modules
beside it.
"""

import ast
import dataclasses
import sys
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from harness.common import files
from harness.common.errors import UserError, unknown
from harness.common.neighbours import importable

T = TypeVar("T")


def executed(
    file: Path, name: str = "", *, content: bytes | None = None, known: Iterable[type] = (), shown: str = ""
) -> tuple[ModuleType, object, dict[str, Path]]:
    """The module of a Python file, its value of ``name``, and the files of imported neighbours by module name.

    ``shown`` is the path in messages, in tracebacks and in ``__file__``, so that the code finds data beside it. Other
    arguments and errors are as in ``defined``.
    """
    source = files.read(file) if content is None else content
    module = ModuleType(file.stem)
    module.__file__ = shown or str(file)
    registered = sys.modules.setdefault(file.stem, module)  # dataclasses look up their own module
    try:
        with importable(file.parent.absolute()) as neighbours:
            exec(compile(source, module.__file__, "exec"), module.__dict__)
            found = _value(module, name) if name else None
    except (Exception, SystemExit) as error:
        lines = [
            frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == module.__file__
        ]
        line = lines[-1] if lines else getattr(error, "lineno", None)
        raise UserError(
            f"{shown or file}{f':{line}' if line else ''}: {_message(error, known, line, source)}"
        ) from None
    finally:
        if registered is module:
            del sys.modules[file.stem]
    return module, found, neighbours


def defined(file: Path, name: str, kind: type[T], *, content: bytes | None = None, known: Iterable[type] = ()) -> T:
    """The value of ``name`` in a Python file, or the return value of its function of that name in lower case.

    Args:
        file: The Python file.
        name: The variable's name.
        kind: The required type.
        content: The file's bytes, if the caller has read them.
        known: Dataclasses whose options are suggested when the file misspells one.

    Raises:
        UserError: The file or function fails (with file and line), or the value is not of type ``kind``.
    """
    return checked(executed(file, name, content=content, known=known)[1], str(file), name, kind)


def _value(module: ModuleType, name: str) -> object:
    """The value of ``name`` in an executed file, or the return value of its function of that name in lower case."""
    made = getattr(module, name, None)
    function = getattr(module, name.lower(), None)
    return function() if made is None and callable(function) else made


def checked(found: object, file: str, name: str, kind: type[T]) -> T:
    """A file's value of ``name``. Raises ``UserError`` if it is not of type ``kind``."""
    if not isinstance(found, kind):
        wanted = f"{name}, a {kind.__module__}.{kind.__qualname__}, or a function {name.lower()}() that returns one"
        raise UserError(f"{file}: it must define {wanted}; it has {'none' if found is None else type(found).__name__}")
    return found


def _message(error: BaseException, known: Iterable[type], line: int | None, content: bytes) -> str:
    """The message of an error. For an unknown option of a known class it suggests the nearest option.

    A class may define ``unknown_option``, which takes the arguments of ``unknown`` and returns another error.
    """
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, TypeError) and line is not None:
        options = {cls.__name__: [field.name for field in dataclasses.fields(cls)] for cls in known}
        errors = {cls.__name__: getattr(cls, "unknown_option", unknown) for cls in known}
        for name, given in _calls(content, line):
            for option in given if name in options else ():
                if option not in options[name]:
                    return str(errors[name](name, option, options[name]))
    return f"{type(error).__name__}: {error}"


def _calls(content: bytes, line: int) -> Iterator[tuple[str, list[str]]]:
    """Calls around a line of Python source: the last part of the function's name, and the given keywords."""
    for node in ast.walk(ast.parse(content)):
        if isinstance(node, ast.Call) and node.lineno <= line <= (node.end_lineno or line):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            yield name, [keyword.arg for keyword in node.keywords if keyword.arg is not None]
