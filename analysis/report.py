"""A study's report: one self-contained HTML file, and its tables and figures as files."""

import base64
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib import resources
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
from jinja2 import Environment, StrictUndefined
from matplotlib.figure import Figure

from analysis import tables
from analysis.figures import STYLE, draw
from analysis.frame import FINISHED, Results, load
from analysis.table import Table
from harness.errors import UserError, reason
from harness.store import Store
from harness.study import setting_labels

WITHOUT_COLLAPSED = "summary-without-collapsed"
"""Name of the one table that not every report has."""
SCORED = {"last": "the last weights", "best": "the weights with the best score on the source's dev set"}
"""Checkpoints in words."""


@dataclass(frozen=True)
class Written:
    """Where a report lies, and its summary for the terminal."""

    html: Path
    summary: str


def write_report(store: Store, study: str, out: Path | None = None, *, ddof: int = 1) -> Written:
    """Write the report of a study as it was last run in a store, replacing an older one.

    ``out`` is a folder, by default ``reports/<study>`` in the store, or beside the working directory where the store is no folder. It
    gets ``report.html``, ``tables/*.csv|md|tex`` and ``figures/*.svg|png``. Raises ``UserError`` where the study was not run there, or
    where the folder cannot be written.
    """
    results = load(store, study)
    folder = out or (Path(store.root) / "reports" / study if store.is_local else Path("steadytune-reports") / study)
    written = _tables(results, ddof)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        # Made aside, then moved file by file: what fails in the making leaves the older report, and other files there stay.
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".report-") as scratch:
            _write(Path(scratch), results, written, ddof)
            for kind in ("csv", "md", "tex"):
                (folder / "tables" / f"{WITHOUT_COLLAPSED}.{kind}").unlink(missing_ok=True)  # an older report may have had it
            for file in sorted(Path(scratch).rglob("*.*")):
                target = folder / file.relative_to(scratch)
                target.parent.mkdir(parents=True, exist_ok=True)
                file.replace(target)
    except OSError as error:
        raise UserError(f"--out: {str(folder)!r} cannot be written: {reason(error)}") from None
    summary = written[0]
    return Written(folder / "report.html", "\n".join([summary.title, "", summary.plain(), "", *summary.notes]))


def _tables(results: Results, ddof: int) -> list[Table]:
    """The summary first; without collapsed runs once more where there are any."""
    found = [tables.summary(results, ddof), tables.per_language(results, ddof)]
    steady = results.without_collapsed()
    if results.runs["collapsed"].any() and len(steady.runs):
        title = "Source and zero-shot scores without collapsed runs"
        found.insert(1, tables.summary(steady, ddof, name=WITHOUT_COLLAPSED, title=title))
    return [*found, tables.troubles(results), tables.cost(results)]


def _write(folder: Path, results: Results, written: list[Table], ddof: int) -> None:
    for name in ("tables", "figures"):
        (folder / name).mkdir()
    for table in written:
        table.write(folder / "tables")
    figures = []
    for name, (caption, figure) in draw(results).items():
        svg = _image(figure, "svg")
        (folder / "figures" / f"{name}.svg").write_bytes(svg)
        (folder / "figures" / f"{name}.png").write_bytes(_image(figure, "png"))
        figures.append({"name": name, "caption": caption, "data": base64.b64encode(svg).decode()})
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(resources.files("analysis").joinpath("report.html.j2").read_text(encoding="utf-8"))
    finished = results.trials[results.trials["status"] == FINISHED]
    labels = setting_labels([setting for arm in results.study.arms for setting in arm.settings])
    every = f"all {len(labels)}" if len(labels) > 1 else next(iter(labels.values()))
    html = template.render(
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


def _image(figure: Figure, kind: str) -> bytes:
    sink = BytesIO()
    with mpl.rc_context(STYLE):
        figure.savefig(sink, format=kind, dpi=160, metadata={"Date": None} if kind == "svg" else None, bbox_inches="tight")
    return sink.getvalue()


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
