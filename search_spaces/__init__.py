"""Studies by name, and a user's own from a ``.py`` or ``.yaml`` file.

A study is a module here with a ``STUDY``; its name on the command line is its path with ``-`` for ``_``.
"""

import importlib
import importlib.util
import pkgutil
import traceback
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from harness import fields, files
from harness.errors import UserError, bad, unknown
from harness.study import Study


def names() -> list[str]:
    """Names of the studies that ship with steadytune."""
    found = pkgutil.walk_packages(__path__, f"{__name__}.")
    return sorted(module.name.removeprefix(f"{__name__}.").replace(".", "/").replace("_", "-") for module in found if not module.ispkg)


def is_file_name(name: str) -> bool:
    """Whether the command line's word for a study is a file rather than a name from the list."""
    return name.endswith((".py", ".yaml", ".yml"))


def load(name: str) -> Study:
    """The study of a name, or of a file where ``name`` ends in ``.py``, ``.yaml`` or ``.yml``.

    A ``.py`` file defines ``STUDY``; a ``.yaml`` file has a study's fields, its name being the file's where it gives none. YAML is
    read safely: it can name nothing but plain values. Raises ``UserError`` for what is missing or malformed.
    """
    if is_file_name(name):
        return _from_file(Path(name))
    if name not in names():
        raise unknown("study", name, names())
    study = importlib.import_module(f"{__name__}.{name.replace('/', '.').replace('-', '_')}").STUDY
    assert isinstance(study, Study)
    return study


def _from_file(given: Path) -> Study:
    folder = files.directory("study", str(given.parent))
    file = folder / given.name if folder is not None else given
    try:
        exists = file.is_file()
    except OSError:  # a name too long for the file system
        exists = False
    if not exists:
        raise bad("study", str(given), "a file that exists, or a name from 'steadytune list'")
    return _from_python(file) if file.suffix == ".py" else _from_yaml(file)


def _from_python(file: Path) -> Study:
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
    study = getattr(module, "STUDY", None)
    if not isinstance(study, Study):
        raise UserError(f"{file}: it must define STUDY, a harness.study.Study; it has {type(study).__name__}")
    return study


class _Loader(yaml.SafeLoader):
    """Safe loading that refuses a key given twice, where YAML would take the last without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        if (twice := fields.repeated(keys)) is not None:
            raise yaml.MarkedYAMLError(problem=f"the key {twice!r} is given twice", problem_mark=node.start_mark)
        return super().construct_mapping(node, deep)


def _from_yaml(file: Path) -> Study:
    content = files.text(files.read(file), str(file))
    try:
        values = yaml.load(content, _Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UserError(f"{file}: not readable as YAML: {' '.join(str(error).split())}") from None
    if isinstance(values, dict):
        values.setdefault("name", file.stem)
    return Study.from_json(values, str(file))
