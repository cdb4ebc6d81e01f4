"""Studies in a store: each as last run, with its trials and all trials of its searches."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.common.errors import UserError, unknown
from harness.common.typed_json import converted
from harness.store.checked_files import CheckedFiles
from harness.study import Study, TrialConfig


@dataclass(frozen=True)
class StudyTrial:
    """A trial as a study's file lists it."""

    id: str
    config: dict[str, Any]


@dataclass(frozen=True)
class StudyFile:
    """The content of a study's file."""

    study: dict[str, Any]
    trials: list[StudyTrial]
    search: list[Any] = field(default_factory=list)
    """Trials of the study's searches. ``harness.tuning.journal`` defines and checks them."""


class Studies(CheckedFiles):
    """The files ``studies/<name>.json``."""

    def studies(self) -> list[str]:
        """Names of the studies that were run here."""
        return [name.removesuffix(".json") for name in self.below("studies") if name.endswith(".json")]

    def study(self, name: str) -> tuple[Study, list[TrialConfig]]:
        """A study as it was last run here, and its trials. Raises ``UserError`` if it is missing or unreadable."""
        file = f"studies/{name}.json"
        found = self._study_file(name)
        if found is None and not self.exists(file):
            raise unknown(f"study in {self.place}", name, self.studies())
        foreign = UserError(f"store: {file} in {self.place!r} is not the store's; run the study again to write it anew")
        if found is None:
            raise foreign
        try:
            study = Study.from_json(found.study)
            trials = [TrialConfig.from_json(trial.config) for trial in found.trials]
        except (ValueError, KeyError, TypeError):
            raise foreign from None
        if [trial.id for trial in trials] != [trial.id for trial in found.trials]:
            raise UserError(
                f"store: the study {name!r} in {self.place!r} was run by another version of steadytune with other "
                "trial ids; report it with that version, or run it again"
            )
        return study, trials

    def tried(self, name: str) -> list[Any]:
        """The trials of all searches with this name, see ``harness.tuning.journal``; empty if there was no search."""
        found = self._study_file(name)
        return found.search if found is not None else []

    def save_study(
        self, study: Study, trials: Iterable[TrialConfig], tried: Sequence[Mapping[str, Any]] | None = None
    ) -> None:
        """Record a study, so that it can be reported without its data or encoder.

        ``tried`` has the trials of a search. Without ``tried``, the recorded trials of a search with this name stay, so
        that the search can resume.
        """
        content: dict[str, Any] = {
            "study": study.to_json(),
            "trials": [{"id": trial.id, "config": trial.to_json()} for trial in trials],
        }
        if kept := self.tried(study.name) if tried is None else list(tried):
            content["search"] = kept
        self.repair()
        self.write_json(f"studies/{study.name}.json", content)

    def _study_file(self, name: str) -> StudyFile | None:
        return self.read_checked(f"studies/{name}.json", lambda found: _parsed(found, name))


def _parsed(found: dict[str, Any], name: str) -> StudyFile:
    file = converted(found, StudyFile)
    if file.study.get("name") != name:
        raise ValueError("it belongs to another study")
    # Only a list is accepted: resolving the name of a selection would run the code of a user's task.
    if not isinstance(file.study.get("targets"), list):
        raise ValueError("it does not describe the study")
    return file
