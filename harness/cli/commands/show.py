"""``show``: a study's question, methods, settings and trials."""

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from harness.cli.commands import exit_codes
from harness.cli.options.resources import gpus_option
from harness.cli.options.store import store_option
from harness.cli.options.study import scaled_study, scaling_options, study_argument
from harness.common.console import aligned, filled
from harness.common.errors import UserError, without_credentials
from harness.execution.warmups import warn_of_warmups

if TYPE_CHECKING:
    from harness.setting import Setting
    from harness.store.heartbeats import Heartbeat
    from harness.study import Study, TrialConfig
    from harness.tasks import Own

ALWAYS = ("learning_rate", "warmup_steps", "epochs", "max_steps")
"""Hyperparameters that the table of settings shows even if all settings have the same value."""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command and its options."""
    command = commands.add_parser(
        "show",
        help="show a study's settings and trials",
        description="Show a study's question, methods, settings and trials, and the part of the paper that it "
        "reproduces. Also show each trial's state in the store.",
    )
    study_argument(command)
    store_option(command)
    scaling_options(command)
    gpus_option(command)
    command.set_defaults(command=show)


def show(options: argparse.Namespace) -> int:
    from harness.execution.kept_precision import with_kept_precision
    from harness.execution.plan import plan
    from harness.execution.resources import Resources

    resources = Resources(gpus=options.gpus_per_trial, processes=options.processes_per_trial)
    study = with_kept_precision(scaled_study(options), options.store, resources.gpus)
    study.check_languages()
    trials, why = [], ""
    try:
        trials = plan(study, gpus=resources.gpus, processes=resources.together)
    except UserError as error:  # a study can be shown without its encoder, data or text
        why = str(error)
    warn_of_warmups((setting for arm in study.arms for setting in arm.settings), trials[0] if trials else None)
    print(*head(study, trials[0] if trials else None), "", *settings_table(study), "", sep="\n")
    if study.search is not None:
        print(*searched(study, options.store), sep="\n")
    else:
        print(*(without_ids(study, why) if why else with_ids(study, trials, options.store)), sep="\n")
    return exit_codes.OK


def head(study: "Study", trial: "TrialConfig | None" = None) -> list[str]:
    """A study's question, task, encoder, data and precision. A trial adds the versions of encoder and data."""
    data = without_credentials(str(study.data))
    rows = [
        ["task", f"{study.title}, {study.source} to {' '.join(study.targets)}"],
        ["encoder", f"{study.encoder} ({trial.encoder_revision})" if trial else without_credentials(study.encoder)],
        ["data", f"{study.data} (training data {trial.training_data})" if trial else data],
        ["precision", trial.precision if trial else study.precision],
    ]
    if trial and trial.own_task and len(trial.own_task.labels) > 1:
        rows.insert(1, ["labels", _labels(study, trial.own_task)])
    if study.sampling is not None:
        rows.insert(1, ["sampling", f"temperature {study.sampling.temperature:g} over {study.source}"])
    if study.reproduces:
        rows.insert(0, ["paper", study.reproduces])
    return [*filled(f"{study.name}: {study.question}"), "", *(line for row in _padded(rows) for line in row)]


def _padded(rows: list[list[str]]) -> Iterator[list[str]]:
    """Rows of a name and a text. Long texts continue in further lines, without a break inside paths."""
    indent = max(len(name) for name, _ in rows) + 2
    for name, text in rows:
        yield filled(f"{name:<{indent}}{text}", " " * indent)


def _labels(study: "Study", task: "Own[Any]") -> str:
    """The labels of a task that a study describes, and their origin."""
    given = isinstance(study.task, str) or study.task.labels
    return ", ".join(task.labels) + ("" if given else " (found in the training data, in sorted order)")


def settings_table(study: "Study") -> list[str]:
    """One line per setting, and a last line with the values that all settings share.

    Methods with the same settings and seeds share their lines.
    """
    from harness.common import fields
    from harness.setting import ABSENT, value_label

    arms: dict[tuple[tuple[Setting, ...], tuple[int, ...]], list[str]] = {}
    for arm in study.arms:
        arms.setdefault((arm.settings, arm.seeds), []).append(arm.method.arm.label)
    every = [setting for arm in study.arms for setting in arm.settings]
    written = {name for setting in every for name in setting.to_json()}
    given = [{name: value for name, value in asdict(setting).items() if name in written} for setting in every]
    differing = {name for name in given[0] if len({values[name] for values in given}) > 1}
    shown = [name for name in given[0] if name in differing or (name in ALWAYS and given[0][name] is not None)]
    rows = [[*shown, "seeds", "methods"]]
    for (settings, seeds), methods in arms.items():
        for setting in settings:
            values = [
                "" if (value := getattr(setting, name)) is None and name not in ABSENT else value_label(name, value)
                for name in shown
            ]
            rows.append([*values, " ".join(map(str, seeds)), ", ".join(methods)])
    alike = [
        f"{name}={fields.short(value)}" for name, value in given[0].items() if name not in shown and value is not None
    ]
    return [*aligned(rows, right=range(len(shown))), *(filled(f"all: {' '.join(alike)}", "  ") if alike else [])]


def _first_seeds(study: "Study") -> str:
    """The seed of a search's trials: each method's first seed."""
    firsts = list(dict.fromkeys(arm.seeds[0] for arm in study.arms))
    return f"seed {firsts[0]}" if len(firsts) == 1 else f"its first seed ({', '.join(map(str, firsts))})"


def searched(study: "Study", place: str) -> list[str]:
    """The ranges of a search, and its trials in a store."""
    from harness.setting import value_label
    from harness.store.store import NoStoreError, Store
    from harness.tasks import task_named
    from harness.tuning.journal import read

    search = study.search
    assert search is not None
    of = [f"1/{search.reduction**place}" if place else "all" for place in reversed(range(search.rungs))]
    lines = [
        f"search: {search.trials} trials of each method at {_first_seeds(study)}, in",
        *aligned([[f"  {name}", str(made)] for name, made in search.space.items()]),
        *filled(
            f"scored on the source's dev set after {', '.join(of)} of the steps; after each score but the last, the "
            f"best 1/{search.reduction} continue"
        ),
        "",
    ]
    try:
        tried = read(Store(place, create=False), study.name)
    except NoStoreError:
        tried = []
    running = _heartbeats(place, [one.id for one in tried])
    form = ".2f" if task_named(study.task).measure.points else ".4g"
    rows = [["  trial", "status", "method", *search.space, "dev", "step", ""]]
    for one in tried:
        values = (value_label(name, getattr(one.setting, name)) for name in search.space)
        score = ["", ""] if one.dev is None else [f"{one.dev:{form}}", str(one.scores[-1].step)]
        rows.append(
            [
                f"  {one.id}",
                one.status,
                one.method,
                *values,
                *score,
                running[one.id].words() if one.id in running else "",
            ]
        )
    right = range(3, len(rows[0]) - 1)
    return [*lines, f"{len(tried)} tried in {without_credentials(place)}", *(aligned(rows, right) if tried else [])]


def with_ids(study: "Study", trials: "list[TrialConfig]", store: str) -> list[str]:
    """The trials of a study, with their status in a store."""
    from harness.study import seeding

    status, labels = status_of(store, trials), _setting_labels(study)
    running = running_in(store, trials)
    status |= dict.fromkeys(running, "running")
    rows = [
        [
            f"  {t.id}",
            status[t.id],
            t.method.label,
            labels[t.setting],
            seeding(t.seed, t.replicate),
            running[t.id].words() if t.id in running else "",
        ]
        for t in trials
    ]
    finished = sum(word == "finished" for word in status.values())
    counts = f"{finished} finished" + (f", {len(running)} running" if running else "")
    return [f"{len(rows)} trial{'s' * (len(rows) != 1)}, {counts} in {without_credentials(store)}", *aligned(rows)]


def without_ids(study: "Study", why: str) -> list[str]:
    """The trials of a study without ids, and the reason why ids cannot be computed."""
    from harness.study import seeding

    labels = _setting_labels(study)
    rows = [
        ["  " + method.label, labels[setting], seeding(seed, replicate)]
        for method, _, setting, seed, replicate in study.runs()
    ]
    return [*filled(f"{len(rows)} trials, without ids: {why}", "  "), *aligned(rows)]


def _setting_labels(study: "Study") -> "dict[Setting, str]":
    from harness.setting import setting_labels

    return setting_labels([setting for arm in study.arms for setting in arm.settings])


def running_in(place: str, trials: "list[TrialConfig]") -> "dict[str, Heartbeat]":
    """Heartbeats of the trials that some process runs now, by trial id."""
    return _heartbeats(place, [trial.id for trial in trials])


def _heartbeats(place: str, ids: list[str]) -> "dict[str, Heartbeat]":
    from harness.store.store import NoStoreError, Store

    try:
        return Store(place, create=False).heartbeats(ids)
    except NoStoreError:
        return {}


def status_of(place: str, trials: "list[TrialConfig]") -> dict[str, str]:
    """Status of each trial in the store, by id: finished, failed or missing."""
    from harness.store.store import NoStoreError, Store

    status = dict.fromkeys((trial.id for trial in trials), "missing")
    try:
        standing = Store(place, create=False).standing(trials)
    except NoStoreError:
        return status
    return status | dict.fromkeys(standing.finished, "finished") | dict.fromkeys(standing.failures, "failed")
