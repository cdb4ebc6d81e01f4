"""Places of SQuAD 1.1, the training data of XQuAD and MLQA: in XTREME's download layout and on the hub."""

from collections.abc import Sequence

from harness.common.errors import unknown

HUB = "google/xtreme"
FILES = {"train": "squad/train-v1.1.json", "dev": "squad/dev-v1.1.json"}
HUB_PARTS = {"train": ("SQuAD", "train"), "dev": ("SQuAD", "validation")}
"""Configuration and split of ``HUB``."""


def known(configuration: str, language: str, languages: Sequence[str]) -> str:
    """A configuration of ``HUB``. Raises ``UserError`` for a language without a configuration."""
    if language not in languages:
        raise unknown(f"data: language of {HUB}'s {configuration.partition('.')[0]}", language, languages)
    return configuration
