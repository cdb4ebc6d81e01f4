"""A user's own Python file that defines one thing by a fixed name: a study or a task."""

import importlib.util
import traceback
from pathlib import Path
from typing import TypeVar

from harness.errors import UserError

T = TypeVar("T")


def defined(file: Path, name: str, kind: type[T]) -> T:
    """What a Python file calls ``name``. Raises ``UserError`` with file and line where it fails, or defines no such ``kind``."""
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except UserError as error:
        raise UserError(f"{file}: {error}") from None
    except (Exception, SystemExit) as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
        line = lines[-1] if lines else getattr(error, "lineno", None)
        raise UserError(f"{file}{f':{line}' if line else ''}: {type(error).__name__}: {error}") from None
    found = getattr(module, name, None)
    if not isinstance(found, kind):
        raise UserError(f"{file}: it must define {name}, a {kind.__module__}.{kind.__qualname__}; it has {type(found).__name__}")
    return found
