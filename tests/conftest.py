"""Fixtures: small studies on the shipped encoder and data.

Tests need no network, no GPU and nothing outside the repository.
"""

import gc
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

gc.disable()  # until all tests are imported
sys.dont_write_bytecode = False  # else each run compiles all tests again
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # else each of a hundred processes compiles all modules again
os.environ.setdefault("RAY_worker_niceness", "0")  # at Ray's default of 15, workers would wait for all other tests
# Each core already runs a test process; more threads would wait for one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from hypothesis import settings

pytest.register_assert_rewrite("tests.helpers")

from harness.execution.plan import plan
from harness.methods import L2, Method, Vanilla
from harness.search import Search
from harness.study import Setting, Study, TrialConfig
from tests.helpers.cut_data import cut_into
from tests.helpers.examples import NIGHTLY
from tests.helpers.studies import LONG, SHORT, SPACE

settings.register_profile(NIGHTLY)


def pytest_collection_finish() -> None:
    """Exclude libraries and tests from garbage collection, because every training begins with a collection."""
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Also exclude the objects of a finished test file before the next file."""
    if nextitem is not None and nextitem.path != item.path:
        pytest_collection_finish()


@pytest.fixture(scope="session")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the first examples of the embedded data, and a tiny encoder in its folder ``encoder``.

    Both keep trials short: most of a trial's time would go to all examples and the embedded encoder.
    """
    folder = tmp_path_factory.mktemp("cut")
    cut_into(folder)
    return folder


@pytest.fixture
def encoder(cut: Path) -> str:
    """The encoder of ``study``. Tests of the embedded encoder's weights override it."""
    return str(cut / "encoder")


@pytest.fixture
def study(cut: Path, encoder: str) -> Study:
    """Two methods, one setting, one seed and two targets, on a tiny encoder and a cut of the embedded data."""
    return Study(
        name="small",
        question="?",
        task="udpos",
        encoder=encoder,
        data=str(cut),
        methods=(Vanilla(), L2(strength=0.01)),
        settings=(SHORT,),
        seeds=(0,),
        targets=("de", "hi"),
        precision="fp32",  # the same scores on every processor
    )


@pytest.fixture
def searched(study: Study) -> Study:
    """The small study with a search of six trials per method."""
    return replace(study, settings=(LONG,), search=Search(space=SPACE, trials=6))


@pytest.fixture
def trial(study: Study) -> Callable[..., TrialConfig]:
    """A function that makes the config of one trial: ``trial(method, seed=…, setting=…, targets=…)``."""

    def make(
        method: Method | None = None, *, seed: int = 0, setting: Setting = SHORT, targets: tuple[str, ...] = ("de",)
    ) -> TrialConfig:
        return plan(
            replace(study, methods=(method or Vanilla(),), seeds=(seed,), settings=(setting,), targets=targets)
        )[0]

    return make


@pytest.fixture
def data_folder(tmp_path: Path) -> Path:
    """A hand-made data folder in XTREME's layout: one sentence per file."""
    folder = tmp_path / "data" / "udpos"
    folder.mkdir(parents=True)
    for name in ("train-en", "dev-en", "test-en", "test-de"):
        (folder / f"{name}.tsv").write_text("Dogs\tNOUN\nbark\tVERB\n.\tPUNCT\n", encoding="utf-8")
    return folder.parent


@pytest.fixture
def one_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limit Ray to one core, and so to one worker: most of a worker's time is the import of torch."""
    monkeypatch.setenv("RAY_OVERRIDE_RESOURCES", '{"CPU": 1}')
