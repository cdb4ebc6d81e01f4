"""One trial of a search, and the stored trials of a study's searches."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

from harness.common import fields
from harness.common.errors import UserError
from harness.setting import Setting
from harness.store.record import Record, follows_present_rules
from harness.store.store import Store
from harness.study import TrialConfig
from harness.tasks import TASKS

RUNNING, FINISHED, STOPPED, FAILED = "running", "finished", "stopped", "failed"
ENDED = (FINISHED, STOPPED, FAILED)


class Rung(NamedTuple):
    """A trial's dev score at a rung."""

    rung: int
    """Number of the rung, from 1. The search's last rung is the end of training."""
    step: int
    dev: float
    """Dev score of the source."""


@dataclass(frozen=True, kw_only=True)
class SearchTrial:
    """One trial of a search."""

    id: str
    method: str
    """Label of the method."""
    setting: Setting
    status: str
    """``finished``, ``stopped``, ``failed`` or ``running``. An interrupted trial is also ``running``."""
    scores: tuple[Rung, ...] = ()
    """Dev scores in the order of the rungs."""
    seconds: float = 0.0
    draws: int = 1
    """Number of times the sampler drew the trial. A space with few points is drawn with repetitions."""
    rules: tuple[int, int]
    """The search's ``reduction`` and ``rungs``, by which the trial continued or stopped."""
    scorer: str = ""
    """``Task.scorer`` of the dev scores."""
    counts: bool = True
    """Whether the trial belongs to the study's last search.

    The trial does not belong to it if it no longer fits the study, its search or the scoring.
    """
    replaced: bool = False
    """Whether the trial failed and another trial is drawn in its place. The failed trial then counts only as a draw."""

    def __post_init__(self) -> None:
        fields.coerce(self)
        fields.choice("status", self.status, (RUNNING, *ENDED))

    @property
    def dev(self) -> float | None:
        """The last dev score, or ``None``. For a finished trial it is the dev score of the scored weights."""
        return self.scores[-1].dev if self.scores else None

    def to_json(self) -> dict[str, Any]:
        last = self.scores[-1].rung if self.scores else 0
        scores = [score._asdict() for score in self.scores]
        return {**asdict(self), "setting": self.setting.to_json(), "scores": scores, "rung": last, "dev": self.dev}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "SearchTrial":
        given = {name: values[name] for name in cls.__dataclass_fields__ if name in values}
        given["setting"] = Setting.from_json(given["setting"])
        given["scores"] = tuple(
            Rung(int(of["rung"]), int(of["step"]), float(of["dev"])) for of in given.get("scores", ())
        )
        given["rules"] = tuple(given["rules"])
        return cls(**given)


def read(store: Store, name: str) -> list[SearchTrial]:
    """The stored trials of a study's last search, in the order of their ends.

    Dev scores by an older version's rules are left out. Finished trials get their record's dev score instead.
    """
    found = [one for one in all_tried(store, name) if one.counts]
    if not found:
        return []
    study, trials = store.study(name)
    if not isinstance(study.task, str) or study.task not in TASKS:
        return found
    present, configs = TASKS[study.task].scorer, {trial.id: trial for trial in trials}
    return [one if one.scorer == present else scored_again(one, configs.get(one.id), store, present) for one in found]


def scored_again(one: SearchTrial, config: TrialConfig | None, store: Store, present: str) -> SearchTrial:
    """A trial of an older version, with the dev score of its stored predictions by the present rules, or no score."""
    record = store.record_of(config) if config is not None and one.status == FINISHED else None
    if record is None or not follows_present_rules(record):
        return replace(one, scores=(), scorer=present)
    return replace(one, scores=tuple(of._replace(dev=dev_of(record)) for of in one.scores[-1:]), scorer=present)


def dev_of(record: Record) -> float:
    """Dev score of the source for a finished trial."""
    return record.in_metric("dev")[record.identity.source]


def all_tried(store: Store, name: str) -> list[SearchTrial]:
    """All trials that searches of a study have ever tried. Unreadable entries are skipped."""
    found = []
    for values in store.tried(name):
        try:
            found.append(SearchTrial.from_json(values))
        except (KeyError, TypeError, ValueError, OverflowError, UserError):
            continue
    return found


def winner(tried: Iterable[SearchTrial], method: str, *, sign: int = 1) -> SearchTrial | None:
    """The method's finished trial with the best dev score, the first of equal trials; ``None`` if none has finished.

    ``sign`` is -1 if lower scores are better.
    """
    finished = [one for one in tried if one.method == method and one.status == FINISHED and one.dev is not None]
    return max(finished, key=lambda one: sign * (one.dev or 0.0), default=None)
