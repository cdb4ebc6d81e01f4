"""Studies by name, and a user's own study from a ``.py`` or ``.yaml`` file.

A module here has either a ``STUDY`` or a tuple ``STUDIES``. The name of a ``STUDY`` is its module's path, with ``-`` in
place of ``_``. Each study in ``STUDIES`` has a name of its own. A folder's ``__init__.py`` has the values that its
modules share.
"""

import importlib
import pkgutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from harness.common import files, python_files, yaml_files
from harness.common.errors import UserError, bad
from harness.common.registry import Registry
from harness.methods import METHODS
from harness.search import Search
from harness.study import Arm, DataFiles, HubData, Sampling, Setting, Study, check_name
from harness.tasks import KINDS

TABLES = (".csv", ".tsv", ".txt", ".gz", ".xlsx", ".json")
"""Endings of files that a user may take for a study: tables of results."""


def names() -> list[str]:
    """Names of the studies that ship with steadytune. Raises ``UserError`` as ``studies`` does."""
    return sorted(studies())


@cache
def studies() -> Registry[Study]:
    """The studies that ship with steadytune, by name.

    Raises:
        UserError: A module has no valid ``STUDY`` or ``STUDIES``, or has both. Or a ``STUDY`` is not named by its
            module's path, or two studies share a name.
    """
    found: dict[str, Study] = {}
    owners: dict[str, str] = {}
    for module in sorted(info.name for info in pkgutil.walk_packages(__path__, f"{__name__}.") if not info.ispkg):
        for study in _of_module(module):
            if study.name in found:
                raise UserError(
                    f"study: two studies have the name {study.name!r}, in {owners[study.name]} and {module}; rename one"
                )
            found[study.name], owners[study.name] = study, module
    return Registry(found)


def _of_module(name: str) -> tuple[Study, ...]:
    """The studies that a module defines."""
    module = vars(importlib.import_module(name))
    alone = "STUDY" in module
    made = (module["STUDY"],) if alone else module.get("STUDIES")
    both = alone and "STUDIES" in module
    if both or not isinstance(made, tuple) or not made or not all(isinstance(study, Study) for study in made):
        raise UserError(f"study: {name} must define either STUDY, a Study, or STUDIES, a tuple of at least one Study")
    path = name.removeprefix(f"{__name__}.").replace(".", "/").replace("_", "-")
    if alone and made[0].name != path:
        raise UserError(
            f"study: the STUDY of {name} is called {made[0].name!r}; call it {path!r}, or put it into STUDIES"
        )
    return made


def is_file_name(name: str) -> bool:
    """Whether the command line's word for a study names a file, not a study of the list."""
    return name.lower().endswith((".py", ".yaml", ".yml"))


def load(name: str) -> Study:
    """The study of a name, or of a file if ``name`` ends in ``.py``, ``.yaml`` or ``.yml``.

    A ``.py`` file defines ``STUDY``, or a function ``study()`` that returns it. A ``.yaml`` file has a study's fields.
    The default of the field ``name`` is the file's name without its ending. YAML is read safely, as plain values only.
    Raises ``UserError`` for a missing or malformed study.
    """
    if is_file_name(name):
        return _from_file(name)
    if name.lower().endswith(TABLES):
        raise bad(
            "study", name, "a name from 'steadytune list', or a .py or .yaml file; 'steadytune report' reads tables"
        )
    return studies().find("study", name, listed="'steadytune list'")


def _from_file(name: str) -> Study:
    file = files.existing("study", name, "a name from 'steadytune list'")
    known = (Study, Arm, Setting, Search, DataFiles, HubData, Sampling, *METHODS.values(), *KINDS.values())
    yaml = file.suffix.lower() != ".py"
    study = _from_yaml(file) if yaml else python_files.defined(file, "STUDY", Study, known=known)
    return study.beside(file.parent.absolute())


def _from_yaml(file: Path) -> Study:
    document = yaml_files.Document.read(file)
    values = document.values
    if isinstance(values, dict) and "name" not in values:
        values["name"] = file.stem
        try:
            check_name(file.stem)
        except UserError as error:
            raise UserError(
                f"{file}: {error}. The name is the file's name, because the study has no field 'name'"
            ) from None
    try:
        return Study.from_json(values, str(file))
    except UserError as error:
        raise UserError(document.placed(str(error))) from None


@contextmanager
def naming_file(name: object, changed: Collection[str] = ()) -> Iterator[None]:
    """Add a study's file, and in YAML the line, to errors on its fields that occur after the file is read.

    Args:
        name: The command line's word for the study.
        changed: Fields that come from the command line, not from the file.
    """
    try:
        yield
    except UserError as error:
        if (placed := _with_file(str(error), name, changed)) != str(error):
            raise UserError(placed) from None
        raise


def _with_file(message: str, name: object, changed: Collection[str]) -> str:
    field = message.partition(": ")[0]
    if not isinstance(name, str) or not is_file_name(name) or field in changed or not Path(name).is_file():
        return message
    if name.lower().endswith(".py"):
        return f"{name}: {message}" if field in Study.__dataclass_fields__ else message
    document = yaml_files.Document.read(Path(name))
    return document.placed(message) if document.knows(field) or field in METHODS else message
