"""Fixtures of the store: a store with a record, and a study of one trial."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.methods import Vanilla
from harness.store.store import Store
from harness.study import Study
from tests.helpers.stores import result
from tests.helpers.studies import CONFIG


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with a record of ``CONFIG``."""
    made = Store(tmp_path / "store")
    made.save(CONFIG, result())
    return made


@pytest.fixture
def one(study: Study) -> Study:
    return replace(study, methods=(Vanilla(),), targets=("de",))
