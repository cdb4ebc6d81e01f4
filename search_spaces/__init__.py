"""Studies by name, and a user's own from a ``.py`` or ``.yaml`` file.

A study is a module here with a ``STUDY``; its name on the command line is its path with ``-`` for ``_``.
"""

import importlib
import pkgutil
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from harness import fields, files, python_file
from harness.errors import UserError, unknown
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
        return _from_file(name)
    if name not in names():
        raise unknown("study", name, names())
    study = importlib.import_module(f"{__name__}.{name.replace('/', '.').replace('-', '_')}").STUDY
    assert isinstance(study, Study)
    return study


def _from_file(name: str) -> Study:
    file = files.existing("study", name, "a name from 'steadytune list'")
    return python_file.defined(file, "STUDY", Study) if file.suffix == ".py" else _from_yaml(file)


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
