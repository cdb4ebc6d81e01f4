"""Trials without a record: the error of a failed trial, and the progress of a trial that a search stopped early."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from harness.common.filesystem import whole
from harness.common.typed_json import converted
from harness.store.checked_files import CheckedFiles, read_each
from harness.study import TrialConfig


@dataclass(frozen=True)
class Failure:
    """The reason why a trial has not finished, and the time of the failure in ISO 8601."""

    error: str
    """Type and message of the exception, on one line."""
    traceback: str
    time: str


class Failures(CheckedFiles):
    """``failure.json`` and ``stopped.json`` of each trial."""

    def failure(self, trial: str) -> Failure | None:
        """The last failure of a trial, or ``None``."""
        return self.read_checked(f"trials/{trial}/failure.json", _failure)

    def failures(self, trials: Iterable[str]) -> dict[str, Failure]:
        """The failures of the given trials, by id, in the given order. Trials without a failure are left out."""
        return read_each(self.failure, trials)

    def save_failure(self, config: TrialConfig, error: str, traceback: str) -> None:
        """Record that a trial failed."""
        self.overwrite(f"trials/{config.id}/failure.json", asdict(Failure(error, traceback, now())), _failure)

    def stopped(self, trial: str) -> dict[str, Any] | None:
        """The progress of a trial that a search stopped early; ``None`` for any other trial."""
        return self.read_checked(f"trials/{trial}/stopped.json", lambda found: _stopped(found, trial))

    def save_stopped(self, config: TrialConfig, how: Mapping[str, Any]) -> None:
        """Record the progress of a trial that a search stopped early, and remove the trial's failure."""
        content = {"id": config.id, "time": now(), "config": config.to_json(), **how}
        self.overwrite(f"trials/{config.id}/stopped.json", content, lambda found: _stopped(found, config.id))
        self.remove(f"trials/{config.id}/failure.json")


def _failure(found: dict[str, Any]) -> Failure:
    failure = converted(found, Failure)
    return Failure(whole(failure.error), whole(failure.traceback), whole(failure.time))


def _stopped(found: dict[str, Any], trial: str) -> dict[str, Any]:
    if found.get("id") != trial or not isinstance(found.get("config"), dict):
        raise ValueError("it belongs to another trial")
    return found


def now() -> str:
    """The present time in ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")
