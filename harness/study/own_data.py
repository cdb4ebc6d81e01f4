"""Location of the data of a user's own task.

The user gives files by split and language, a pattern of their names, or a data set with splits.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any, Self

from harness.common import fields, files
from harness.common.errors import bad, unknown
from harness.common.hashing import digest

SPLITS = ("train", "dev", "test")
SPLIT = "{split}"
"""Placeholder for the split in a pattern; ``files.LANGUAGE`` is the placeholder for the language."""
PLACEHOLDER = re.compile(r"{[^{}]*}")
SPLIT_WORDS = {"train": ("train",), "dev": ("dev", "validation", "valid"), "test": ("test",)}
"""Names of the splits in a pattern, and default names in a data set, in the order in which they are tried."""


@dataclass(frozen=True, kw_only=True, eq=True)
class DataFiles:
    """A file, or a folder of ``save_to_disk`` or of Parquet files, for each split and language."""

    train: Mapping[str, str]
    dev: Mapping[str, str]
    test: Mapping[str, str]

    def __post_init__(self) -> None:
        fields.coerce(self)
        for split in SPLITS:
            fields.languages(split, tuple(getattr(self, split)))

    def __hash__(self) -> int:
        return hash(digest(self.to_json()))

    def file(self, split: str, language: str) -> str:
        """The file of a split's language. Raises ``UserError`` with the known languages if there is none."""
        places: Mapping[str, str] = getattr(self, split)
        if language not in places:
            raise unknown(f"data: {split}: language", language, places)
        return places[language]

    def check(self, sources: Sequence[str], targets: Sequence[str]) -> None:
        """Refuse source languages and targets that lack a file."""
        for split, language in product(SPLITS, sources):
            self.file(split, language)
        for language in targets:
            self.file("test", language)

    def beside(self, folder: Path) -> Self:
        """The same files with full paths. Relative paths are taken from ``folder``."""
        return replace(
            self,
            **{
                split: {language: files.full(place, folder, "data") for language, place in getattr(self, split).items()}
                for split in SPLITS
            },
        )

    def to_json(self) -> dict[str, Any]:
        return {split: dict(getattr(self, split)) for split in SPLITS}

    def __str__(self) -> str:
        return ", ".join(f"{split}: {' '.join(getattr(self, split))}" for split in SPLITS)


@dataclass(frozen=True, kw_only=True, eq=True)
class HubData:
    """A data set of the Hugging Face hub, with its own names of configurations and splits."""

    hub: str
    """The data set's name on the hub, ``owner/name``."""
    configurations: Mapping[str, str] = field(default_factory=dict)
    """The configuration of each language. By default it has the name of the language."""
    splits: Mapping[str, str] = field(default_factory=dict)
    """The data set's names of train, dev and test, if they differ from train, validation and test."""

    def __post_init__(self) -> None:
        fields.coerce(self)
        for split in self.splits:
            fields.choice("splits", split, SPLITS)

    def __hash__(self) -> int:
        return hash(digest(self.to_json()))

    def configuration(self, language: str) -> str:
        """The configuration with a language's examples."""
        return self.configurations.get(language, language)

    def split(self, split: str) -> str:
        """The data set's name of a split."""
        return self.splits.get(split, {"dev": "validation"}.get(split, split))

    def beside(self, folder: Path) -> Self:
        """The data unchanged, since the hub is not a folder."""
        return self

    def to_json(self) -> dict[str, Any]:
        return fields.chosen(self)

    def __str__(self) -> str:
        return self.hub


OwnData = str | DataFiles | HubData
"""Data of a user's own task.

A text is a path with ``{language}`` in it. It also has ``{split}``, unless the path is a data set with splits.
"""


def own_data(given: object, where: str) -> OwnData:
    """The data of a user's own task, or a location's name, from its YAML or JSON form.

    Raises ``UserError`` that begins with ``where`` for anything else.
    """
    if isinstance(given, str | DataFiles | HubData):
        return given
    if not isinstance(given, Mapping):
        raise bad(where, given, "a place's name, files by split and language, or a mapping with 'hub'")
    return fields.build(HubData, where, given) if "hub" in given else fields.build(DataFiles, where, given)


def data_json(data: OwnData) -> Any:
    """The form that ``own_data`` reads."""
    return data if isinstance(data, str) else data.to_json()


def check_own(data: OwnData) -> None:
    """Refuse a path without ``{language}``."""
    if isinstance(data, str) and not files.is_pattern(data):
        for placeholder in PLACEHOLDER.findall(data):
            if placeholder != SPLIT:
                raise unknown("data: placeholder", placeholder, (SPLIT, files.LANGUAGE))
        raise bad(
            "data",
            data,
            "for an own task files by split and language, such as {train: {en: train.csv}, dev: …, test: …}, a "
            "path with {split} and {language} in it, or a mapping with 'hub'",
        )


def beside(data: OwnData, folder: Path) -> OwnData:
    """Data with full paths. Relative paths are taken from ``folder``."""
    return files.full(data, folder, "data") if isinstance(data, str) else data.beside(folder)


def places(pattern: str, split: str, language: str) -> list[Path]:
    """The paths of a pattern for a split's language, in the order in which they are tried."""
    filled = pattern.replace(files.LANGUAGE, language)
    return list(dict.fromkeys(Path(filled.replace(SPLIT, word)) for word in SPLIT_WORDS[split]))
