"""A user's own Python file that defines one thing, a study or a task, by a fixed name or a function of that name."""

import dataclasses
import re
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from harness import files
from harness.errors import UserError, unknown

UNEXPECTED = re.compile(r"(\w+)\.__init__\(\) got an unexpected keyword argument '(\w+)'.*")

T = TypeVar("T")


def defined(file: Path, name: str, kind: type[T], content: bytes | None = None) -> T:
    """What a Python file calls ``name``, or its function of that name in lower case returns.

    ``content`` is the file's, where the caller has read it. Raises ``UserError`` with file and line where the file or the function
    fails, or there is no such ``kind``.
    """
    module = ModuleType(file.stem)
    module.__file__ = str(file)
    known = sys.modules.setdefault(file.stem, module)  # dataclasses look up the module that they are in
    try:
        exec(compile(files.read(file) if content is None else content, str(file), "exec"), module.__dict__)
        found = _found(module, name)
    except (Exception, SystemExit) as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
        line = lines[-1] if lines else getattr(error, "lineno", None)
        raise UserError(f"{file}{f':{line}' if line else ''}: {_said(error)}") from None
    finally:
        if known is module:
            del sys.modules[file.stem]
    if not isinstance(found, kind):
        wanted = f"{name}, a {kind.__module__}.{kind.__qualname__}, or a function {name.lower()}() that returns one"
        raise UserError(f"{file}: it must define {wanted}; it has {type(found).__name__}")
    return found


def _said(error: BaseException) -> str:
    """What a person is to read of an error; of an unknown option of ours the nearest that there is."""
    if isinstance(error, UserError):
        return str(error)
    found = UNEXPECTED.fullmatch(str(error)) if isinstance(error, TypeError) else None
    if found is not None and found[1] in (kinds := _ours()):
        return str(unknown(found[1], found[2], kinds[found[1]]))
    return f"{type(error).__name__}: {error}"


def _ours() -> dict[str, list[str]]:
    """The fields of what a study's file is made of, by the names of the classes."""
    from harness.methods import METHODS
    from harness.search import Search
    from harness.study import Arm, Setting, Study

    return {kind.__name__: [field.name for field in dataclasses.fields(kind)] for kind in (Study, Arm, Setting, Search, *METHODS.values())}


def _found(module: ModuleType, name: str) -> object:
    made = getattr(module, name, None)
    function = getattr(module, name.lower(), None)
    return function() if made is None and callable(function) else made
