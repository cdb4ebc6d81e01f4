"""A study's results from its store."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace

import pandas as pd

from analysis.results import collapse
from analysis.results.about import About
from analysis.results.csv_files.seeds import with_seed_labels
from analysis.results.frame import FAILED, FINISHED, MISSING, RUN, SCORE_COLUMNS, Results
from analysis.results.suspect_runs.weak import with_weak_runs
from harness.common.errors import UserError
from harness.setting import SEEDS, Setting, setting_labels
from harness.store.failures import Failure
from harness.store.heartbeats import Heartbeat
from harness.store.record import Record, follows_present_rules
from harness.store.store import Store
from harness.store.trials import Standing
from harness.study import Study, TrialConfig
from harness.tasks.metrics import Measure

OVERSHOOTING = "above 2 a plain gradient step ends further from θ* than it began"
SIZES = ("parameters", "trained_parameters", "extra_memory_mib")
"""A method's costs in a record beside time and peak memory; records of older versions lack them."""
SCORED_AGAIN = (
    "The scores of {count} of {all} trials are computed anew from their predictions. In the F1 of tags, an earlier "
    "version of steadytune counted CCONJ and SCONJ as one type. XTREME does not."
)
LOST = (
    "Trials that count as missing: {count}. Their scores follow an earlier version's rules, and their predictions "
    "cannot be read. Run the study again."
)
NONE = float("nan")


def load(store: Store, name: str) -> Results:
    """The results of a study's last run in a store.

    Raises ``UserError`` if the study is missing or unreadable, or if no trial of a search has finished or failed.
    """
    study, trials = store.study(name)
    if not trials:
        raise UserError(f"study: no trial of {name!r} in {store.place!r} has finished or failed yet")
    running = store.heartbeats([trial.id for trial in trials])  # first: a trial may finish meanwhile
    standing = store.standing(trials)
    collapsed = collapse.flags(store, standing.finished)
    labels = setting_labels([trial.setting for trial in trials], seeds=False)
    arms = {method: method.arm.label for method in {trial.method for trial in trials}}
    rows = []
    for trial in trials:
        pair = {"setting": labels[trial.setting], "seed": trial.seed, "replicate": trial.replicate, **_own_seeds(trial)}
        keys = {"trial": trial.id, "method": arms[trial.method], **pair}
        asked = {
            "targets": trial.targets,
            "test_data": dict(trial.test_data),
            "precision": trial.precision,
            "checkpoint": trial.checkpoint,
        }
        record = standing.finished.get(trial.id)
        rest = (
            _finished(record, trial, collapsed[trial.id])
            if record is not None
            else _unfinished(standing.failures.get(trial.id), running.get(trial.id))
        )
        rows.append(keys | asked | rest)
    metric = next((record.metric for record in standing.finished.values()), "")
    frame, crossed = with_seed_labels(pd.DataFrame([{"running": "", **row} for row in rows]))
    scores, settings = _scores(frame, trials, standing.finished), _settings(study, labels)
    about = replace(About.of(study), described=trials[0].own_task)
    stated = _stated(about, standing.finished.values())
    found = Results(about, frame, scores, settings, metric, notes=(*crossed, *_notes(standing)), stated=stated)
    return with_weak_runs(found)


def _stated(about: About, records: Iterable[Record]) -> Measure | None:
    """How to read scores by a user's own metric, as the records say it; ``None`` for a metric of steadytune's."""
    own = about.described is not None and bool(about.described.metric_file)
    return next((record.measure or (Measure(record.metric) if own else None) for record in records), None)


def _notes(standing: Standing) -> tuple[str, ...]:
    again, finished = standing.scored_again, standing.finished
    lost = sum(not follows_present_rules(record) for record in standing.outdated.values())
    told = [SCORED_AGAIN.format(count=len(again), all=len(finished))] if again else []
    return (*told, *([LOST.format(count=lost)] if lost else []))


def _settings(study: Study, labels: Mapping[Setting, str]) -> pd.DataFrame:
    """Hyperparameters by setting label, in the study's order. A search's settings are in the order of its trials."""
    written = {name for setting in labels for name in setting.to_json()}.difference(SEEDS)
    ordered = [
        setting
        for setting in dict.fromkeys([*(s for arm in study.arms for s in arm.settings), *labels])
        if setting in labels
    ]
    made = pd.DataFrame([asdict(setting) for setting in ordered], index=[labels[setting] for setting in ordered])
    kept = made[[name for name in made if name in written]]
    return kept[~kept.index.duplicated()]


def _own_seeds(trial: TrialConfig) -> dict[str, float]:
    """The seeds of a trial's setting; NaN where the run's seed applies."""
    return {name: _or_nan(getattr(trial.setting, name)) for name in SEEDS}


def _finished(record: Record, trial: TrialConfig, collapsed: collapse.Flags) -> dict[str, object]:
    cost = record.cost
    pull = _or_nan(cost.largest_pull)
    return {
        "status": FINISHED,
        "collapsed": collapsed[trial.source],
        "collapsed_in": {language: flag for language, flag in collapsed.items() if language in trial.test_data},
        "diverged": record.diverged,
        "scorer": record.scorer,
        "error": f"learning rate × λF reaches {pull:.3g}: {OVERSHOOTING}" if record.diverged and pull > 2 else "",
        "largest_pull": pull,
        "seconds": cost.seconds,
        "tokens_per_second": cost.tokens_per_second,
        "peak_memory_mib": cost.peak_device_mib,
        **{name: _or_nan(getattr(cost, name)) for name in SIZES},
        "ended": record.finished,
        "provenance": record.provenance,
        "inputs": {
            "encoder revision": trial.encoder_revision,
            "training data": trial.training_data,
            **_sampling(trial),
            **({"processes of a trial": str(trial.processes)} if trial.processes > 1 else {}),
            **_rules(trial, record.scorer),
            **({"task": trial.task_code} if trial.own_task is not None else {}),
        },
    }


def _sampling(trial: TrialConfig) -> dict[str, str]:
    """The temperature by which examples of several source languages are sampled; empty if all examples are used."""
    temperature = trial.sampling_temperature
    return {} if temperature is None else {"sampling of the source languages": f"temperature {temperature:g}"}


def _rules(trial: TrialConfig, scorer: str) -> dict[str, str]:
    """The rules of the scores; empty for a task whose rules have never changed.

    In a record of an earlier version, other rules may have selected the best checkpoint.
    """
    if not scorer:
        return {}
    former = trial.checkpoint == "best" and trial.selected_by != scorer
    return {"rules of scores": f"{scorer}, but the checkpoint is selected by earlier rules" if former else scorer}


def _or_nan(value: float | None) -> float:
    """The value; NaN for ``None``."""
    return NONE if value is None else value


def _unfinished(failure: Failure | None, heartbeat: Heartbeat | None) -> dict[str, object]:
    """A trial that runs now counts as missing, even if it failed before."""
    status = {"status": MISSING, "error": ""}
    if heartbeat is not None:
        status["running"] = heartbeat.words()
    elif failure is not None:
        status = {"status": FAILED, "error": failure.error}
    return {**status, "collapsed": False, "diverged": False, "scorer": "", "seconds": NONE, "tokens_per_second": NONE}


def _scores(frame: pd.DataFrame, trials: Sequence[TrialConfig], records: Mapping[str, Record]) -> pd.DataFrame:
    """The scores of each trial's own languages. A record may have more languages, from another study."""
    rows: list[tuple[object, ...]] = []
    for place, trial in enumerate(trials):
        if trial.id not in records:
            continue
        for split, languages in records[trial.id].scores.splits():
            wanted = {trial.source, *(trial.test_data if split == "test" else ())}
            for language, score in languages.items():
                if language in wanted:
                    beside = score.examples, _or_nan(score.unknown)
                    rows += [(place, split, language, name, value, *beside) for name, value in score.metrics.items()]
    found = pd.DataFrame(rows, columns=["place", *SCORE_COLUMNS[len(RUN) + 1 :]])
    keys = frame.loc[found.pop("place"), ["trial", *RUN]].reset_index(drop=True)
    return pd.concat([keys, found], axis=1)
