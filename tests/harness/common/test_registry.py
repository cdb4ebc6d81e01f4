"""Every line of a registry leads to an object of its name."""

from typing import Any

import pytest

from harness.common.errors import UserError
from harness.common.registry import Registry
from harness.designs import DESIGNS
from harness.loggers import LOGGERS
from harness.loggers.base import Logger
from harness.methods import METHODS, Method
from harness.tasks import TASKS, Task


def test_every_line_leads_to_a_thing_of_its_name() -> None:
    assert [method.name for method in METHODS.values()] == [*METHODS]
    assert [task.name for task in TASKS.values()] == [*TASKS]
    assert [design.__name__ for design in DESIGNS.values()] == [*DESIGNS]
    assert all(issubclass(method, Method) for method in METHODS.values())
    assert all(isinstance(task, Task) for task in TASKS.values())


@pytest.mark.parametrize("name", LOGGERS)
def test_every_logger_is_one(name: str) -> None:
    pytest.importorskip(name)
    assert issubclass(LOGGERS[name], Logger)


def test_names_are_listed_without_importing_anything() -> None:
    made: Registry[Any] = Registry({"one": "no.such.module:thing", "two": 2})
    assert [*made] == ["one", "two"]
    assert "one" in made
    assert len(made) == made["two"] == 2
    with pytest.raises(ModuleNotFoundError):
        made["one"]


@pytest.mark.parametrize("name", ["onn", ["one"], None])
def test_a_wrong_name_is_answered_with_the_names(name: object) -> None:
    with pytest.raises(UserError, match=r"^--log: there is no .*Known: one$"):
        Registry({"one": 1}).find("--log", name)
    with pytest.raises(UserError, match=r"'all' shows all 1$"):
        Registry({"one": 1}).find("study", name, listed="'all'")
