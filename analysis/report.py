"""A study's report: one self-contained HTML file, and its tables and figures as files."""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from analysis import page, tables
from analysis.figures import draw
from analysis.frame import FINISHED, Results, load
from analysis.page import Written
from analysis.table import Table
from harness.setting import setting_labels
from harness.store import Store

WITHOUT_COLLAPSED = "summary-without-collapsed"
"""Name of the one table that not every report has."""
SCORED = {"last": "the last weights", "best": "the weights with the best score on the source's dev set"}
"""Checkpoints in words."""


def write_report(store: Store, study: str, out: Path | None = None, *, ddof: int = 1) -> Written:
    """Write the report of a study as it was last run in a store, replacing an older one.

    ``out`` is a folder, by default ``reports/<study>`` in the store, or beside the working directory where the store is no folder. It
    gets ``report.html``, ``tables/*.csv|md|tex`` and ``figures/*.svg|png``. Raises ``UserError`` where the study was not run there, or
    where the folder cannot be written.
    """
    results = load(store, study)
    folder = out or page.default_folder(store, study)
    written = _tables(results, ddof)
    with page.replacing(folder, f"tables/{WITHOUT_COLLAPSED}.*") as scratch:
        _write(scratch, results, written, ddof)
    return Written(folder / "report.html", page.for_terminal(written[0]))


def _tables(results: Results, ddof: int) -> list[Table]:
    """The summary first; without collapsed runs once more where there are any."""
    found = [tables.summary(results, ddof), tables.per_language(results, ddof)]
    steady = results.without_collapsed()
    if results.runs["collapsed"].any() and len(steady.runs):
        title = "Source and zero-shot scores without collapsed runs"
        found.insert(1, tables.summary(steady, ddof, name=WITHOUT_COLLAPSED, title=title))
    return [*found, tables.troubles(results), tables.cost(results)]


def _write(folder: Path, results: Results, written: list[Table], ddof: int) -> None:
    page.write_tables(folder, written)
    figures = page.write_figures(folder, draw(results))
    finished = results.trials[results.trials["status"] == FINISHED]
    labels = setting_labels([setting for arm in results.study.arms for setting in arm.settings])
    every = f"all {len(labels)}" if len(labels) > 1 else next(iter(labels.values()))
    html = page.render(
        "report.html.j2",
        study=results.study,
        settings=[asdict(setting) for setting in labels],
        arms=[
            (
                arm.method.arm.label,
                every if set(arm.settings) == set(labels) else "; ".join(labels[setting] for setting in arm.settings),
                ", ".join(map(str, arm.seeds)),
            )
            for arm in results.study.arms
        ],
        few=tables.FEW,
        metric=results.metric,
        precisions=list(dict.fromkeys(results.trials["precision"])),
        checkpoints=[SCORED[checkpoint] for checkpoint in dict.fromkeys(results.trials["checkpoint"])],
        counts=results.trials["status"].value_counts().to_dict(),
        total=len(results.trials),
        tables={table.name: table for table in written},
        figures=figures,
        provenance=_provenance(finished["provenance"], finished["inputs"], finished["test_data"]) if len(finished) else {},
        ddof=ddof,
    )
    (folder / "report.html").write_text(html, encoding="utf-8")


def _provenance(
    records: Iterable[dict[str, Any]], inputs: Iterable[dict[str, str]], tested: Iterable[dict[str, str]]
) -> dict[str, list[str]]:
    """Every value met, by key: more than one of a key means that the trials do not come from one machine, version or input."""
    met: dict[str, dict[str, None]] = {}
    tests: dict[str, dict[str, None]] = {}
    for record, read, fingerprints in zip(records, inputs, tested, strict=True):
        git = record["git"]
        rows = {
            "code": f"{git['commit'][:12]}{' with uncommitted changes' if git['dirty'] else ''}" if git else "installed package",
            "python": record["python"],
            "platform": record["platform"],
            "device": record["device"],
            "threads a trial": str(record["threads"]),
            **{f"package {name}": version for name, version in record["packages"].items()},
            **read,
        }
        for key, value in rows.items():
            met.setdefault(key, {})[value] = None
        for language, fingerprint in fingerprints.items():
            tests.setdefault(language, {})[fingerprint] = None
    return {key: list(values) for key, values in met.items()} | {
        "test data": [f"{language}\N{NO-BREAK SPACE}{' or '.join(values)}" for language, values in tests.items()]
    }
