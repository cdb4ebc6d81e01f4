"""The journal of a search: trials in the order of their ends, with dev scores at each rung.

It is kept in the study's file.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from harness.common.errors import UserError
from harness.search import Search
from harness.store.record import Record, covers, follows_present_rules
from harness.store.store import Store
from harness.study import Study, TrialConfig
from harness.tasks import task_named
from harness.tuning.search_trial import ENDED as ENDED
from harness.tuning.search_trial import FAILED as FAILED
from harness.tuning.search_trial import FINISHED as FINISHED
from harness.tuning.search_trial import RUNNING as RUNNING
from harness.tuning.search_trial import STOPPED as STOPPED
from harness.tuning.search_trial import Rung as Rung
from harness.tuning.search_trial import SearchTrial as SearchTrial
from harness.tuning.search_trial import all_tried, dev_of
from harness.tuning.search_trial import read as read
from harness.tuning.search_trial import winner as winner


def final(record: Record, search: Search) -> Rung:
    """The last rung of a finished trial."""
    return Rung(search.rungs, record.cost.steps, dev_of(record))


class Journal:
    """The trials of a search, written to the store whenever one starts, is scored or ends.

    So an interruption loses only running trials. Raises ``UserError`` for a study without a search.
    """

    def __init__(self, study: Study, bases: Sequence[TrialConfig], store: Store) -> None:
        if study.search is None:
            raise UserError(f"study: {study.name} has nothing to search; give it 'search', or use 'steadytune run'")
        self.study = study
        self.search = study.search
        self.store = store
        task = task_named(study.task)
        self.scorer, self.measure = task.scorer, task.measure
        self.bases = {trial.method.arm.label: trial for trial in bases}
        """A trial of each method, by label, at the study's own setting."""
        self.tried: dict[str, SearchTrial] = {}
        self.outdated: list[TrialConfig] = []
        """Finished trials whose record lacks languages or is gone."""
        self.others: list[SearchTrial] = []
        """Trials of earlier searches of this name that do not fit this search; kept in case such a search returns."""
        self.replaced: list[SearchTrial] = []
        """Failed trials that are replaced by other draws. They are kept so that each replacement is a new draw."""

    def resume(self, *, retry_failed: bool = False) -> None:
        """Take over the store's trials that fit this search: ended trials, and interrupted trials that have a record.

        With ``retry_failed``, failed trials are left out, and new trials are drawn in their place.
        """
        everything: list[SearchTrial] = []
        for one in all_tried(self.store, self.study.name):
            (self.replaced if one.replaced else everything).append(replace(one, counts=not one.replaced))
        for one in sorted(everything, key=lambda one: one.status == RUNNING):  # interrupted trials come last
            config = self._config(one)
            record = self._record(config)
            if config is None:
                self.others.append(one)
            elif covers(record, config) or (one.status == FINISHED and (record is not None or self._same_scorer(one))):
                last = final(record, self.search) if record is not None else one.scores[-1]
                seconds = record.cost.seconds if record is not None else one.seconds
                way = (
                    tuple(score for score in one.scores if score.rung < self.search.rungs)
                    if self._same_rules(one)
                    else ()
                )
                self.tried[one.id] = replace(
                    one, status=FINISHED, scores=(*way, last), seconds=seconds, rules=self.rules, scorer=self.scorer
                )
                if not covers(record, config):
                    self.outdated.append(config)
            elif not self._same_rules(one):
                self.others.append(one)
            elif one.status == FAILED and retry_failed:
                self.replaced.append(replace(one, counts=False, replaced=True))
            elif one.status in (STOPPED, FAILED):
                self.tried[one.id] = one

    @property
    def rules(self) -> tuple[int, int]:
        return self.search.reduction, self.search.rungs

    def _same_rules(self, one: SearchTrial) -> bool:
        """Whether a trial continued or stopped by this search's rules, on dev scores by the present scorer."""
        return one.rules == self.rules and self._same_scorer(one)

    def _same_scorer(self, one: SearchTrial) -> bool:
        return one.scorer == self.scorer or not one.scores

    def _record(self, config: TrialConfig | None) -> Record | None:
        """The record of a trial, if its scores follow the present rules."""
        record = self.store.record_of(config) if config is not None else None
        return record if record is not None and follows_present_rules(record) else None

    def _config(self, one: SearchTrial) -> TrialConfig | None:
        """The trial as this search would plan it; ``None`` if it would not plan it."""
        base = self.bases.get(one.method)
        if base is None or self.search.point(base.setting, one.setting) is None:
            return None
        config = replace(base, setting=one.setting)
        return config if config.id == one.id else None

    def config(self, one: SearchTrial) -> TrialConfig:
        """The trial's config."""
        return replace(self.bases[one.method], setting=one.setting)

    def of(self, method: str) -> list[SearchTrial]:
        """The ended trials of a method, given its label."""
        return [one for one in self.tried.values() if one.method == method and one.status in ENDED]

    def left(self, method: str) -> int:
        """Number of trials left in the method's budget."""
        return max(0, self.search.trials - sum(one.draws for one in self.of(method)))

    def drawn(self, method: str) -> int:
        """Number of draws for the method so far, replaced failures included."""
        return sum(one.draws for one in (*self.of(method), *(one for one in self.replaced if one.method == method)))

    def points(self, method: str) -> tuple[list[dict[str, Any]], list[float]]:
        """Points and last dev scores of a method's finished and stopped trials, as the sampler needs them."""
        base = self.bases[method].setting
        known = [one for one in self.of(method) if one.status != FAILED and one.dev is not None]
        return [self.search.point(base, one.setting) or {} for one in known], [one.dev or 0.0 for one in known]

    # Events

    def begun(self, config: TrialConfig) -> None:
        """Note that a trial starts."""
        before = self.tried.get(config.id)
        if before is not None:
            self.tried[config.id] = replace(before, draws=before.draws + 1)
        else:
            label = config.method.arm.label
            self.tried[config.id] = SearchTrial(
                id=config.id, method=label, setting=config.setting, status=RUNNING, rules=self.rules, scorer=self.scorer
            )
        self.save()

    def scored(self, config: TrialConfig, score: Rung) -> None:
        """Note a trial's score at a rung."""
        one = self.tried[config.id]
        if one.status != FINISHED:
            way = [before for before in one.scores if before.rung < score.rung]
            self.tried[config.id] = replace(one, scores=(*way, score))
        self.save()

    def ended(self, config: TrialConfig, status: str, seconds: float) -> SearchTrial:
        """Note that a trial has ended, and return it. It moves to the end of the order."""
        one = self.tried.pop(config.id)
        if one.status != FINISHED:
            one = replace(one, status=status, seconds=seconds)
        self.tried[config.id] = one
        self.save()
        if one.status == STOPPED:
            self.store.save_stopped(config, {"study": self.study.name, **one.to_json()})
        return one

    def forget(self, config: TrialConfig) -> None:
        """Forget a trial that was lost for an external reason. Its draw returns to the budget."""
        one = self.tried[config.id]
        if one.draws > 1:
            self.tried[config.id] = replace(one, draws=one.draws - 1)
        elif one.status == RUNNING:
            del self.tried[config.id]
        self.save()

    def save(self) -> None:
        """Write the study's file: finished and failed trials as the study's trials, and the whole journal."""
        trials = [self.config(one) for one in self.tried.values() if one.status in (FINISHED, FAILED)]
        others = [replace(one, counts=False) for one in self.others if one.id not in self.tried]
        self.store.save_study(
            self.study, trials, [one.to_json() for one in (*others, *self.replaced, *self.tried.values())]
        )
