"""Fixtures of the harness: encoders of every family, and the file of a search."""

from pathlib import Path

import pytest
import torch
from transformers import AutoConfig, AutoModelForMaskedLM

from harness.encoders import loading, pinning
from tests.helpers.encoders import FAMILIES, SMALL
from tests.helpers.search_files import SEARCH, STUDY


@pytest.fixture(scope="session")
def families(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A folder of each family as ``save_pretrained`` writes it, with the embedded encoder's tokenizer."""
    folders = {}
    for family, options in FAMILIES.items():
        torch.manual_seed(0)
        folder = tmp_path_factory.mktemp(family)
        AutoModelForMaskedLM.from_config(AutoConfig.for_model(family, **SMALL, **options)).save_pretrained(folder)
        tokenizer = loading.tokenizer(pinning.find("embedded"))
        tokenizer.save_pretrained(folder)
        folders[family] = str(folder)
    return folders


@pytest.fixture
def search_file(cut: Path, tmp_path: Path) -> Path:
    made = tmp_path / "tuned.yaml"
    made.write_text(STUDY.format(data=cut) + SEARCH.format(trials=4), encoding="utf-8")
    return made
