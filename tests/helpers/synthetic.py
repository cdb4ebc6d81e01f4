"""Stores of any size with made-up scores, for the report's look and speed.

No model is trained; every study here says so.
"""

import json
import math
from pathlib import Path

import numpy as np

from harness.methods import L2, Method, Vanilla
from harness.store import parquet
from harness.store.store import LAYOUT, Store
from harness.study import Setting, Study, TrialConfig
from harness.tasks import TASKS

CODES = tuple(
    "af ar az bg bn de el es et eu fa fi fr gu he hi hu id it ja jv ka kk ko lt ml mr ms my nl pa pl pt qu ro ru sw "
    "ta te th tl tr uk ur vi yo zh".split()
)
METHODS: tuple[Method, ...] = (Vanilla(), L2(strength=0.01), L2(strength=0.1), L2(strength=1.0))


def study(
    languages: int = 40,
    *,
    methods: tuple[Method, ...] = METHODS,
    rates: int = 10,
    seeds: int = 5,
    name: str = "synthetic",
) -> Study:
    """A full grid of learning rates (half of them with a warmup) × seeds."""
    return Study(
        name=name,
        question="SYNTHETIC: the scores are drawn at random; no model was trained. What does a report of this "
        "size look like?",
        task="panx",
        methods=methods,
        settings=tuple(
            Setting(learning_rate=float(f"{1e-5 * 2 ** (i / 2):.3g}"), warmup_steps=500 * (i % 2), max_steps=1000)
            for i in range(rates)
        ),
        seeds=tuple(range(seeds)),
        targets=CODES[:languages],
    )


def trials(made: Study) -> list[TrialConfig]:
    """The trials of a study, without access to its data."""
    return [
        TrialConfig(
            task=made.task,
            source=made.source,
            method=method,
            setting=setting,
            seed=seed,
            replicate=replicate,
            precision="fp32",
            encoder_revision="synthetic",
            training_data="synthetic",
            encoder=made.encoder,
            data=made.data,
            targets=targets,
            test_data={language: f"synthetic-{language}" for language in (made.source, *targets)},
        )
        for method, targets, setting, seed, replicate in made.runs()
    ]


def scores(made: Study, config: TrialConfig, random: np.random.Generator) -> dict[str, float]:
    """F1 of every language. High rates hurt, more so for later languages, and less so with a stronger pull."""
    pull = getattr(config.method, "strength", 0.0)
    steady = 1 / (1 + 3 * pull**0.5)
    heat = math.log2(config.setting.learning_rate / 1e-5) / 5
    run = random.normal()
    found = {made.source: 85 - 2 * pull + 0.3 * run - 1.5 * steady * heat**2}
    for place, language in enumerate(made.targets):
        far = place / len(made.targets)
        found[language] = (
            75
            - 50 * far
            + 1.5 * (1 - steady)
            - steady * (4 * heat**2 * (0.5 + far) + 2 * run * far)
            + random.normal() * 0.8
        )
    return {language: min(100.0, max(0.0, score)) for language, score in found.items()}


def store(place: Path, made: Study, *, histories: bool = True) -> Store:
    """A store with the finished trials of a study. One trial has failed, one is missing, and one has collapsed.

    Unlike a trial's files, these files are not synced to the disk.
    """
    (place / "studies").mkdir(parents=True)
    (place / "store.json").write_text(json.dumps({"layout": LAYOUT}))
    found = Store(place, create=False)
    planned = trials(made)
    found.save_study(made, planned)
    random = np.random.default_rng(0)
    for number, config in enumerate(planned):
        folder = place / "trials" / config.id
        folder.mkdir(parents=True)
        if number == 3:
            found.save_failure(config, "OutOfMemoryError: synthetic", "")
            continue
        if number == 5:
            continue
        rows = scores(made, config, random)
        collapsed = number == 7
        rows = dict.fromkeys(rows, 5.0) if collapsed else rows
        tests = {
            language: {
                "f1": score,
                "accuracy": min(100.0, score + 8),
                "majority": 20.0,
                "examples": 1000,
                "unknown": 0.1,
                "fingerprint": config.test_data[language],
            }
            for language, score in rows.items()
            if language in config.test_data
        }
        record = {
            "id": config.id,
            "finished": "2026-01-01T00:00:00+00:00",
            "config": config.to_json(),
            "metric": "f1",
            "scorer": TASKS[made.task].scorer,
            "scores": {"dev": {made.source: tests[made.source]}, "test": tests},
            "zero_shot": 0.0,
            "collapsed": collapsed,
            "diverged": False,
            "cost": {
                "seconds": 60 + random.random(),
                "steps": 1000,
                "tokens_per_second": 1e4,
                "peak_memory_mib": {"resident": 900.0},
                "parameters": 100,
                "trained_parameters": 100,
                "extra_memory_mib": 0.0,
            },
            "provenance": {
                "git": None,
                "python": "3",
                "platform": "none",
                "device": "none",
                "threads": 1,
                "packages": {"synthetic": "0"},
            },
            "predictions": "predictions-none.parquet",
            "history": "history-none.parquet",
        }
        if histories and config.method.pulls:
            steps = [
                {"step": float(step), "penalty": config.setting.learning_rate * step} for step in range(0, 1001, 50)
            ]
            content = parquet.history(steps)
            record["history"] = parquet.name("history", content)
            (folder / record["history"]).write_bytes(content)
        (folder / "result.json").write_text(json.dumps(record, indent=1))
    return found
