"""Helpers that make partly run searches without training, and a helper that runs a search."""

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from harness.execution.resources import Resources
from harness.store.store import Store
from harness.study import Study, TrialConfig
from harness.tasks import TASKS
from harness.tuning import search as tuning
from harness.tuning.journal import FAILED, FINISHED, STOPPED, Journal, Rung


def base(study: Study) -> list[TrialConfig]:
    """The initial configs of a search, one per method."""
    return tuning.bases(study, Resources())


def journal(study: Study, store: Store, **resume: bool) -> Journal:
    """A journal resumed from the store's content."""
    made = Journal(study, base(study), store)
    made.resume(**resume)
    return made


def config(of: Journal, rate: float, method: str = "vanilla") -> TrialConfig:
    """A trial of the search with that learning rate."""
    trial = of.bases[method]
    return replace(trial, setting=replace(trial.setting, learning_rate=rate))


def finish(store: Store, trial: TrialConfig, dev: float, **scores: float) -> None:
    """Write a finished trial's record, with the parts that a search and a report read."""
    found = {language: scores.get(language, dev) for language in trial.test_data}
    tests = {
        language: {
            "f1": score,
            "accuracy": score,
            "majority": 1.0,
            "examples": 9,
            "fingerprint": trial.test_data[language],
        }
        for language, score in found.items()
    }
    cost = {"seconds": 3.0, "steps": 9, "tokens_per_second": 1.0, "peak_memory_mib": {"resident": 1.0}}
    record = {
        "id": trial.id,
        "config": trial.to_json(),
        "metric": "f1",
        "scorer": TASKS[trial.task].scorer,
        "zero_shot": 0.0,
        "collapsed": False,
        "diverged": False,
        "cost": cost,
        "scores": {"dev": {trial.source: {**tests[trial.source], "f1": dev}}, "test": tests},
        "predictions": "predictions-none.parquet",
        "history": "history-none.parquet",
        "provenance": {"git": None, "python": "3", "platform": "-", "device": "-", "threads": 1, "packages": {}},
    }
    folder = Path(store.root) / "trials" / trial.id
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "result.json").write_text(json.dumps(record), encoding="utf-8")


def filled(study: Study, store: Store) -> Journal:
    """A killed search: two trials finished (one unknown to the driver), one stopped, one failed and one running."""
    made = journal(study, store)
    for rate, way in ((0.001, [20.0, 30.0]), (0.002, [10.0]), (0.003, []), (0.004, [25.0, 35.0]), (0.005, [15.0])):
        trial = config(made, rate)
        made.begun(trial)
        for rung, dev in enumerate(way, start=1):
            made.scored(trial, Rung(rung, rung, dev))
    finish(store, config(made, 0.001), 50.0, en=51.0, de=40.0, hi=20.0)
    made.scored(config(made, 0.001), Rung(3, 9, 50.0))
    made.ended(config(made, 0.001), FINISHED, 3.0)
    made.ended(config(made, 0.002), STOPPED, 1.0)
    store.save_failure(config(made, 0.003), "out of luck", "")
    made.ended(config(made, 0.003), FAILED, 0.0)
    # the driver is killed before it learns of this trial
    finish(store, config(made, 0.004), 48.0, en=47.0, de=44.0, hi=36.0)
    return made


def run(study: Study, store: Store, **options: Any) -> str:
    """Run the search on Ray and return its output."""
    out = io.StringIO()
    trials = tuning.bases(study, Resources())
    tuning.search(study, trials, store, Resources(), Console(file=out, width=250), **options)
    return out.getvalue()
