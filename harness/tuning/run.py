"""A study's search from what its store has to the last trial, and its winners as a study."""

from dataclasses import dataclass, replace
from pathlib import Path

import yaml
from rich.console import Console

from harness.common import fields, yaml_files
from harness.common.errors import UserError, bad, reason
from harness.data.origin import absolute
from harness.execution import quarantine
from harness.execution.plan import plan
from harness.execution.preflight import check
from harness.execution.progress import Observer, SweepProgress
from harness.execution.resources import Resources
from harness.store import name_conflicts
from harness.store.store import Store
from harness.study import MAX_NAME, Arm, Study, TrialConfig, seeding
from harness.tasks import file_of, is_file
from harness.tuning.journal import FAILED, Journal, winner

WINNERS = "-winners"
"""Ends the name of the study that the winners are written as."""
QUESTION = "How do the methods compare over seeds, each at the best setting that the search {name} found for it?"
"""Of that study."""


@dataclass(frozen=True)
class SearchOutcome:
    """How a search has ended."""

    failed: int
    """Trials that failed, in this run or before."""
    ran: int
    """Trials that this run drew."""


def searchable(study: Study) -> Study:
    """The study, where it can be searched. Raises ``UserError`` where not."""
    if study.search is None:
        raise UserError(
            f"study: {study.name} has no 'search', the ranges to look in; 'steadytune run {study.name}' runs it as it "
            "stands"
        )
    if len(study.name) + len(WINNERS) > MAX_NAME:
        raise bad(
            "name",
            study.name,
            f"at most {MAX_NAME - len(WINNERS)} characters: its winners are a study of that name and {WINNERS!r}",
        )
    return study


def bases(study: Study, resources: Resources) -> list[TrialConfig]:
    """A trial of each method at the study's own setting and first seed, once all corners of the space have been
    checked.

    Raises ``UserError`` where some corner could not be run: before anything is.
    """
    search = searchable(study).search
    assert search is not None
    arms = []
    for arm in study.arms:
        corners = dict.fromkeys(search.corners(arm.settings[0]))
        arms.append(Arm(method=arm.method, settings=tuple(corners), seeds=arm.seeds[:1]))
    check(plan(replace(study, methods=tuple(arms), search=None), gpus=resources.gpus), resources)
    first: dict[str, TrialConfig] = {}
    for trial in plan(study, gpus=resources.gpus):
        first.setdefault(trial.method.arm.label, trial)
    return list(first.values())


def search(
    study: Study,
    trials: list[TrialConfig],
    store: Store,
    resources: Resources,
    console: Console,
    *,
    retry_failed: bool = False,
    observer: Observer | None = None,
) -> SearchOutcome:
    """Run what is left of each method's budget; ``trials`` are its ``bases``, and ``observer`` is told of each trial
    that ends.

    Ending the process at any moment loses only the trials that were running. The next start draws others in their
    place.
    """
    if (note := name_conflicts.replaced(study, trials, store)) is not None:
        console.print(f"Note: {note}.", highlight=False, soft_wrap=True)
    journal = Journal(study, trials, store)
    journal.resume(retry_failed=retry_failed)
    store.clear()
    quarantine.repair(store, console)
    left = sum(journal.left(label) for label in journal.bases)
    known = [one for label in journal.bases for one in journal.of(label)]
    counts = ", ".join(
        f"{sum(one.status == word for one in known)} {word} before" for word in ("finished", "stopped", "failed")
    )
    budget = f"{journal.search.trials} trials of each method"
    console.print(f"{study.name}: {budget}: {counts}, {left} to draw", highlight=False, soft_wrap=True)
    if journal.others:
        console.print(
            f"{len(journal.others)} trials of earlier searches of this name are not of this one, which has other "
            "ranges, another setting or other rungs: they are not counted, and kept for the search that they are of.",
            highlight=False,
        )
    if journal.outdated:
        console.print(f"{len(journal.outdated)} finished trials lack languages, and are scored again.", highlight=False)
        _complete(journal, store, resources, console, observer)
    if left:
        from harness.tuning.tune import search_on_ray

        with quarantine.watched(store, (), console):
            search_on_ray(journal, store, resources, console, observer)
    else:
        journal.save()
    failed = sum(one.status == FAILED for label in journal.bases for one in journal.of(label))
    return SearchOutcome(failed, left)


def _complete(
    journal: Journal, store: Store, resources: Resources, console: Console, observer: Observer | None
) -> None:
    """Score finished trials in the languages that they lack, from kept weights or by training again: as a sweep
    would."""
    from harness.execution.ray_tune import run_on_ray

    def describe(trial: TrialConfig) -> str:
        return f"{trial.method.label} {seeding(trial.seed, trial.replicate)}"

    with SweepProgress(console, len(journal.outdated), 0, 0, describe, observer) as progress:
        run_on_ray(journal.outdated, store, resources, progress, keep_weights=False)


def winners_study(study: Study, journal: Journal) -> Study:
    """Every method at its own best setting, over all the study's seeds, the first of which it was searched at.

    Raises ``UserError`` where no trial of a method has finished.
    """
    arms = []
    for arm in study.arms:
        label = arm.method.arm.label
        best = winner(journal.of(label), label)
        if best is None:
            raise UserError(f"--write: no trial of {label} has finished, so it has no best setting")
        own = arm.seeds if arm.seeds != study.seeds else None
        arms.append(Arm(method=arm.method.located(absolute), settings=(best.setting,), seeds=own))
    settings = arms[0].settings
    assert settings is not None
    task = str(file_of(study.task).resolve()) if is_file(study.task) else study.task
    places: dict[str, str] = {name: absolute(name, getattr(study, name)) for name in ("encoder", "data")}
    moved = replace(study, task=task, encoder=places["encoder"], data=places["data"], reproduces="", search=None)
    return replace(
        moved,
        name=study.name + WINNERS,
        question=QUESTION.format(name=study.name),
        methods=tuple(arms),
        settings=settings,
    )


def check_writable(study: Study, file: Path) -> None:
    """Refuse a file that a search's winners cannot be written to, or that holds anything else, which they would
    replace."""
    if file.suffix not in (".yaml", ".yml") or not file.resolve().parent.is_dir():
        raise bad("--write", str(file), "a .yaml file in a folder that exists")
    if file.exists() and not _has_winners(study, file):
        raise bad(
            "--write",
            str(file),
            f"a new file, or one with the winners of {study.name}: this one has something else, and would lose it",
        )


def _has_winners(study: Study, file: Path) -> bool:
    try:
        found = yaml_files.read(file)
    except UserError:
        return False
    ours = {"name": study.name + WINNERS, "question": QUESTION.format(name=study.name)}
    return isinstance(found, dict) and found.items() >= ours.items()


def write(study: Study, file: Path) -> None:
    """Write a study as YAML, fields at their defaults left out. Raises ``UserError`` where the file cannot be
    written."""
    values = {name: value for name, value in study.to_json().items() if name in fields.chosen(study)}
    values["settings"] = [fields.chosen(setting) for setting in study.settings]
    values["methods"] = []
    for arm in study.methods:
        own = arm if isinstance(arm, Arm) else Arm(method=arm)
        settings = (
            {"settings": [fields.chosen(setting) for setting in own.settings]} if own.settings is not None else {}
        )
        values["methods"].append(
            own.method.to_json() | settings | ({"seeds": own.seeds} if own.seeds is not None else {})
        )
    text = yaml.safe_dump(_plain(values), sort_keys=False, allow_unicode=True, width=140)
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"--write: {str(file)!r} cannot be written: {reason(error)}") from None


def _plain(value: object) -> object:
    """With lists for tuples, which safe YAML has not."""
    if isinstance(value, dict):
        return {name: _plain(entry) for name, entry in value.items()}
    return [_plain(entry) for entry in value] if isinstance(value, list | tuple) else value
