"""Fixtures of the methods: trainings that the tests of a file share."""

from collections.abc import Callable
from pathlib import Path

import pytest
from transformers import PreTrainedModel

from harness.data.context import TrialContext
from harness.study import TrialConfig
from harness.training.building import build_trainer
from tests.helpers import fine_tuned
from tests.helpers.fine_tuned import Fitted, rows_of


@pytest.fixture
def encoder() -> str:
    """The encoder whose weights and layers these tests compare with."""
    return fine_tuned.encoder()


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tokenised data and diagonals, shared by the tests of all methods."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def fit(cache: Path) -> Callable[[TrialConfig], Fitted]:
    """A function that trains a config once for all tests of the file, without calling ``finish``."""
    done: dict[str, Fitted] = {}

    def fitted(config: TrialConfig) -> Fitted:
        if config.id not in done:
            trainer = build_trainer(TrialContext.of(config, cache))
            trainer.train()
            assert isinstance(trainer.model, PreTrainedModel)
            done[config.id] = Fitted(config, trainer.model.eval(), rows_of(trainer))
        return done[config.id]

    return fitted


@pytest.fixture(scope="module")
def sentences(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with ten training sentences, and one sentence in every other file."""
    folder = tmp_path_factory.mktemp("data") / "udpos"
    folder.mkdir()
    for name, count in {"train-en": 10, "dev-en": 1, "test-en": 1, "test-de": 1}.items():
        text = "\n".join(f"Dogs\tNOUN\nbark\tVERB\n{i}\tNUM\n.\tPUNCT\n" for i in range(count))
        (folder / f"{name}.tsv").write_text(text, encoding="utf-8")
    return folder.parent
