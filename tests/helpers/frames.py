"""Helpers that make frames of results by hand and read the texts of a figure."""

import math
from dataclasses import replace
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.text import Text

from analysis.results.about import About
from analysis.results.frame import FAILED, FINISHED, MISSING, Results
from harness.methods import L2, Ewc, Vanilla
from harness.study import Setting, Study

LOW, HIGH = Setting(learning_rate=1e-4, max_steps=1), Setting(learning_rate=1e-3, max_steps=1)
STUDY = Study(
    name="made",
    task="udpos",
    methods=(Vanilla(), L2(strength=0.1), Ewc(strength=1.0)),
    settings=(LOW, HIGH),
    seeds=(0, 1),
    targets=("de", "hi"),
)
NAMES = {"low": "learning_rate=0.0001", "high": "learning_rate=0.001"}


# Each row: method, setting, seed, scored targets, {language: score} or a status, collapsed.
ROWS = [
    ("vanilla", "low", 0, ("de", "hi"), {"en": 90.0, "de": 60.0, "hi": 40.0}, False),
    ("vanilla", "low", 1, ("de", "hi"), {"en": 91.0, "de": 64.0, "hi": 48.0}, False),
    ("vanilla", "high", 0, ("de", "hi"), {"en": 20.0, "de": 10.0, "hi": 12.0}, True),
    ("vanilla", "high", 1, ("de", "hi"), {"en": 88.0, "de": 50.0, "hi": 30.0}, False),
    ("l2(strength=0.1)", "low", 0, ("de", "hi"), {"en": 89.0, "de": 61.0, "hi": 45.0}, False),
    ("l2(strength=0.1)", "low", 1, ("de", "hi"), FAILED, False),
    ("l2(strength=0.1)", "high", 0, ("de", "hi"), {"en": 90.0, "de": 63.0, "hi": 47.0}, False),
    ("l2(strength=0.1)", "high", 1, ("de", "hi"), MISSING, False),
    ("ewc(strength=1)", "low", 0, ("de",), {"en": 85.0, "de": 70.0}, False),
    ("ewc(strength=1)", "low", 0, ("hi",), {"en": 87.0, "hi": 50.0}, False),
    ("ewc(strength=1)", "low", 1, ("de",), {"en": 86.0, "de": 71.0}, False),
    ("ewc(strength=1)", "low", 1, ("hi",), FAILED, False),
]


def frames(
    rows: list[Any], study: Study = STUDY, *, metric: str = "f1", unknown: dict[str, float] | None = None
) -> Results:
    """The results of a study, from rows like ``ROWS``."""
    trials, scores = [], []
    for i, (method, setting, seed, targets, outcome, collapsed) in enumerate(rows):
        keys = {"trial": str(i), "method": method, "setting": NAMES.get(setting, setting), "seed": seed, "replicate": 0}
        status = FINISHED if isinstance(outcome, dict) else outcome
        error = "ValueError: 5 % & more" if status == FAILED else ""
        trials.append(
            {
                **keys,
                "targets": targets,
                "test_data": {},
                "status": status,
                "collapsed": collapsed,
                "diverged": False,
                "error": error,
            }
            | {"seconds": 2.0, "tokens_per_second": 100.0, "peak_memory_mib": 500.0}
            | {
                "parameters": 1000,
                "trained_parameters": 1000 if method == "vanilla" else 50,
                "extra_memory_mib": math.nan,
            }
        )
        for language, score in outcome.items() if isinstance(outcome, dict) else ():
            where = {
                **keys,
                "split": "test",
                "language": language,
                "examples": 9,
                "unknown": (unknown or {}).get(language, math.nan),
            }
            scores += [
                {**where, "metric": name, "score": value} for name, value in ((metric, score), ("accuracy", score + 1))
            ]
    made = pd.DataFrame(trials)
    settings = [dict(part.split("=") for part in label.split(" ")) for label in dict.fromkeys(made["setting"])]
    return Results(
        About.of(study),
        made,
        pd.DataFrame(scores),
        pd.DataFrame(settings, index=list(dict.fromkeys(made["setting"]))),
        metric,
    )


CODES = tuple(
    "af ar az bg bn de el es et eu fa fi fr gu he hi hu id it ja jv ka kk ko lt ml mr ms my nl pa pl pt qu ro ru sw "
    "ta te th tl tr uk ur vi yo zh".split()
)


def wide(targets: int, methods: int, settings: int, **options: Any) -> Results:
    """Two seeds of every method at every setting. The last method has one trial per language; its last trial failed."""
    codes = CODES[:targets]
    named = (*(L2(strength=float(i)) for i in range(methods - 1)), Ewc(strength=10.0))
    study = replace(STUDY, task="my_own.py", methods=named, targets=codes)
    scores = {"en": 92.0} | {code: 20.0 + i for i, code in enumerate(codes)}
    rows: list[Any] = []
    for method in range(methods):
        for setting in (f"learning_rate={1 + i // 2}e-05 warmup_steps={500 * (i % 2)}" for i in range(settings)):
            for seed in (0, 1):
                if method < methods - 1:
                    rows.append((f"l2(strength={method})", setting, seed, codes, scores, False))
                else:
                    rows += [
                        ("ewc(strength=10)", setting, seed, (code,), {c: scores[c] for c in ("en", code)}, False)
                        for code in codes
                    ]
    rows[-1] = (*rows[-1][:4], FAILED, False)
    return frames(rows, study, **options)


def shown_texts(figure: Figure) -> list[Text]:
    """Every text in a figure, except tick labels beyond the end of an axis."""
    texts = [
        *figure.texts,
        *(text for legend in figure.findobj(Legend) for text in (legend.get_title(), *legend.get_texts())),
    ]
    for axes in figure.axes:
        texts += [axes.title, axes._left_title, axes.xaxis.label, axes.yaxis.label, *axes.texts]  # type: ignore[attr-defined]
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            texts += [tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
    return [text for text in texts if text.get_text() and text.get_visible()]
