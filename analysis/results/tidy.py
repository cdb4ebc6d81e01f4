"""The tidy frame: one row per trial × split × language × metric, with everything that a reader of the scores needs.

It is written as ``results.csv``; ``analysis.results.from_csv`` reads it, and anybody's CSV in the same form.
"""

import pandas as pd

from analysis.results.csv_files import plan
from analysis.results.csv_files.seeds import RUN_SEED
from analysis.results.frame import FINISHED, RUN, Results
from harness.common.errors import UserError
from harness.setting import SEEDS
from harness.tasks.metrics import measure_of

COLUMNS = {
    "study": "name of the study",
    "task": "name of the task",
    "encoder": "name of the encoder",
    "source": "language of the training data",
    "trial": "id of the fine-tuned model",
    "method": "label of the method, such as l2(strength=0.1): its name, and in brackets the options that differ "
    "from their defaults",
    "setting": "label of the setting",
    "seed": "whole number",
    "replicate": "number of the rerun with the same seed, 0 for the first run",
    "split": "test, or dev for the source's dev set",
    "language": "code of the language that is scored",
    "metric": "name of the metric",
    "scorer": "rules that the score follows, where versions of steadytune have had several",
    "score": "score × 100, or in the metric's own unit; empty where the trial failed or is missing",
    "examples": "number of examples",
    "unknown": "share (%) of the sub-words that the encoder's vocabulary lacks",
    "test_data": "fingerprint of the examples: scores of one language with different fingerprints are never averaged",
    "status": "finished, failed or missing",
    "collapsed": "true where the model has collapsed on the source's test set",
    "diverged": "true where a loss or gradient was not finite; with fp16, where a loss was not finite",
    "error": "why the trial failed",
}
"""Content of each column. The setting's hyperparameters follow, one column each (``learning_rate``, …)."""

MEASURE = {
    "better": "lower where lower scores of the metric are better, else higher",
    "unit": "own where scores are in the metric's own unit, else points: 100 times the metric",
}
"""Content of two more columns, if the metric's name gives no measure (``harness.tasks.metrics.measure_of``)."""


def scorer(results: Results) -> str:
    """The rules that the scores follow; empty if they never changed between versions, or if they are unknown.

    Raises ``UserError`` for several rules, because a mean over them would be meaningless.
    """
    finished = results.trials[results.trials["status"] == FINISHED]
    found = sorted(set(finished["scorer"])) if "scorer" in finished else []
    if len(found) > 1:
        raise UserError(
            f"scorer: the scores follow {len(found)} rules ({', '.join(map(repr, found))}); they are not averaged: "
            "report them apart"
        )
    return found[0] if found else ""


def tidy(results: Results) -> pd.DataFrame:
    """All results in one frame with ``COLUMNS``, the study's plan and the hyperparameters.

    An unfinished trial has one row per language that it was to score, in the task's metric, without a score. Rows in
    that metric come first among a trial's rows.
    """
    about, trials = results.about, results.trials
    lacking = trials.loc[trials["status"] != FINISHED, ["trial", *RUN, "targets"]]
    lacking = lacking.assign(language=lacking.pop("targets").map(lambda targets: (results.source, *targets))).explode(
        "language"
    )
    rows = pd.concat([results.scores, lacking.assign(split="test", metric=results.metric)], ignore_index=True)
    place = pd.Series(range(len(trials)), index=trials["trial"])
    order = pd.DataFrame({"place": rows["trial"].map(place), "beside": rows["metric"] != results.metric})
    rows = rows.loc[order.sort_values(["place", "beside"], kind="stable").index].reset_index(drop=True)
    facts = trials.assign(scorer=scorer(results)).set_index("trial")
    tests = {
        (trial, language): test for trial, tested in facts["test_data"].items() for language, test in tested.items()
    }
    fingerprints = [
        tests.get((trial, language), "") if split == "test" else ""
        for trial, language, split in zip(rows["trial"], rows["language"], rows["split"], strict=True)
    ]
    rows = rows.assign(
        study=about.name, task=about.task, encoder=about.encoder, source=about.source, test_data=fingerprints,
        **{name: rows["trial"].map(facts[name]) for name in ("scorer", "status", "collapsed", "diverged", "error")},
    )  # fmt: skip
    if RUN_SEED in facts:
        rows = rows.assign(seed=rows["trial"].map(facts[RUN_SEED]))
        seeds = {name: rows["trial"].map(facts[name]).astype("Int64") for name in SEEDS}
    else:
        seeds = {}
    kept = [*COLUMNS]
    if (stated := results.stated) is not None and stated != measure_of(results.metric):
        values = "lower" if stated.lower_is_better else "higher", "points" if stated.points else "own"
        of = rows["metric"] == results.metric
        rows = rows.assign(
            **{name: of.map({True: value, False: ""}) for name, value in zip(MEASURE, values, strict=True)}
        )
        kept += MEASURE
    planned = plan.columns(about)
    rows, kept = rows.assign(**planned), [*kept, *planned]
    if "looks" in planned:
        rows, kept = rows.assign(ended=rows["trial"].map(facts[plan.ENDED])), [*kept, plan.ENDED]
    found = rows[kept].merge(results.settings, left_on="setting", right_index=True, how="left", sort=False)
    return found.assign(**{name: column.to_numpy() for name, column in seeds.items()})
