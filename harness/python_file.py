"""A user's own Python file that defines one thing by a fixed name: a study or a task."""

import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from harness import files
from harness.errors import UserError

T = TypeVar("T")


def defined(file: Path, name: str, kind: type[T], content: bytes | None = None) -> T:
    """What a Python file calls ``name``. Raises ``UserError`` with file and line where it fails, or defines no such ``kind``.

    ``content`` is the file's, where the caller has read it.
    """
    module = ModuleType(file.stem)
    module.__file__ = str(file)
    known = sys.modules.setdefault(file.stem, module)  # dataclasses look up the module that they are in
    try:
        exec(compile(files.read(file) if content is None else content, str(file), "exec"), module.__dict__)
    except UserError as error:
        raise UserError(f"{file}: {error}") from None
    except (Exception, SystemExit) as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
        line = lines[-1] if lines else getattr(error, "lineno", None)
        raise UserError(f"{file}{f':{line}' if line else ''}: {type(error).__name__}: {error}") from None
    finally:
        if known is module:
            del sys.modules[file.stem]
    found = getattr(module, name, None)
    if not isinstance(found, kind):
        raise UserError(f"{file}: it must define {name}, a {kind.__module__}.{kind.__qualname__}; it has {type(found).__name__}")
    return found
