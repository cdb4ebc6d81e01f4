"""Where the data of a user's own task is: files by split and language, a pattern of their names, or a data set with
splits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from harness.common import fields
from harness.common.errors import UserError, bad, unknown
from harness.common.hashing import digest

SPLITS = ("train", "dev", "test")
LANGUAGE, SPLIT = "{language}", "{split}"
"""What stands for them in a pattern."""
SPLIT_WORDS = {"train": ("train",), "dev": ("dev", "validation", "valid"), "test": ("test",)}
"""Names of the splits, in a pattern and in a data set that says nothing else, in the order in which they are tried."""


@dataclass(frozen=True, kw_only=True, eq=True)
class DataFiles:
    """A file, or a folder that ``save_to_disk`` made, for each split and language."""

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
        """The place of a split's language. Raises ``UserError`` with the languages that are there."""
        places: Mapping[str, str] = getattr(self, split)
        if language not in places:
            raise unknown(f"data: {split}: language", language, places)
        return places[language]

    def check(self, source: str, targets: Sequence[str]) -> None:
        """Refuse a source and targets that lack a file."""
        for split in SPLITS:
            self.file(split, source)
        for language in targets:
            self.file("test", language)

    def beside(self, folder: Path) -> Self:
        """The same with full paths, which relative ones have in ``folder``."""
        return replace(
            self,
            **{
                split: {language: _full(place, folder) for language, place in getattr(self, split).items()}
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
    """``owner/name``."""
    configurations: Mapping[str, str] = field(default_factory=dict)
    """The configuration of each language; a language that is not here is its own."""
    splits: Mapping[str, str] = field(default_factory=dict)
    """The data set's names of train, dev and test, where it has others than train, validation and test."""

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
        """The same: the hub is no folder."""
        return self

    def to_json(self) -> dict[str, Any]:
        return fields.chosen(self)

    def __str__(self) -> str:
        return self.hub


OwnData = str | DataFiles | HubData
"""Data of a user's own task; a text is a path with ``{language}`` and, unless it is a data set with splits, ``{split}``
in it."""


def own_data(given: object, where: str) -> OwnData:
    """The data of a task of one's own, or a place's name, from its YAML or JSON form. Raises ``UserError`` that begins
    with ``where`` for anything else."""
    if isinstance(given, str | DataFiles | HubData):
        return given
    if not isinstance(given, Mapping):
        raise bad(where, given, "a place's name, files by split and language, or a mapping with 'hub'")
    return fields.build(HubData, where, given) if "hub" in given else fields.build(DataFiles, where, given)


def data_json(data: OwnData) -> Any:
    """The form that ``own_data`` reads."""
    return data if isinstance(data, str) else data.to_json()


def is_pattern(data: object) -> bool:
    """Whether data are files whose names have the language in them."""
    return isinstance(data, str) and LANGUAGE in data


def check_own(data: OwnData) -> None:
    """Refuse what has no place for several languages."""
    if isinstance(data, str) and not is_pattern(data):
        raise bad(
            "data",
            data,
            "for a task of one's own files by split and language, such as {train: {en: train.csv}, dev: …, test: …}, a "
            "path with {split} and {language} in it, or a mapping with 'hub'",
        )


def beside(data: OwnData, folder: Path) -> OwnData:
    """Data with full paths, which relative ones have in ``folder``."""
    return _full(data, folder) if isinstance(data, str) else data.beside(folder)


def places(pattern: str, split: str, language: str) -> list[Path]:
    """What a pattern says for a split's language, in the order in which it is tried."""
    filled = pattern.replace(LANGUAGE, language)
    return list(dict.fromkeys(Path(filled.replace(SPLIT, word)) for word in SPLIT_WORDS[split]))


def _full(place: str, folder: Path) -> str:
    try:
        return str((folder / Path(place).expanduser()).absolute())
    except RuntimeError as error:  # no such user
        raise UserError(f"data: {place!r} is not allowed; give a path that this system can have ({error})") from None
