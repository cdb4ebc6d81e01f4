"""Helpers that make results from rows by hand and read a report section."""

import itertools
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from analysis.rendering.cells import Score
from analysis.rendering.section import Picture, Section
from analysis.rendering.table import Table
from analysis.report import Chapter, first_screen, rendered
from analysis.results.frame import FAILED, FINISHED, Results
from analysis.results.from_csv import read
from analysis.results.view import View

Rows = list[dict[str, Any]]
Floats = NDArray[np.float64]
COLD, WARM, HOT = 1e-5, 2e-5, 1e-4
RATES = (COLD, WARM, HOT)
WITHIN = {"rel": 1e-9, "abs": 1e-9}


def run(method: str, seed: int, scores: Mapping[str, float | None], *, dev: float | None = None, **more: Any) -> Rows:
    """The rows of one run in a table of results; a run with a missing score has failed."""
    more.setdefault("status", FAILED if None in scores.values() else FINISHED)
    keys = {"method": method, "seed": seed, **more}
    rows = [{**keys, "split": "test", "language": code, "score": score} for code, score in scores.items()]
    return rows + ([{**keys, "split": "dev", "language": "en", "score": dev}] if dev is not None else [])


def made(rows: Sequence[Mapping[str, Any]]) -> Results:
    """The results read from a table of the given rows."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "runs.csv"
        pd.DataFrame(rows).to_csv(file, index=False)
        return read(str(file))


def view(rows: Sequence[Mapping[str, Any]], **options: Any) -> View:
    """A view of the results of the given rows."""
    return View(made(rows), **options)


def pairs(ours: Floats, theirs: Floats, *, source: float = 90.0, name: str = "l2(strength=1)") -> Rows:
    """Runs of two methods with the given target scores (runs × languages), one seed per run."""
    codes = ("de", "hi", "th", "fr")[: ours.shape[1]]
    rows: Rows = []
    for method, scores in (("vanilla", theirs), (name, ours)):
        for seed, row in enumerate(scores):
            own = 0.05 * seed * seed + (0.01 * seed if method == name else 0)
            rows += run(method, seed, {"en": source + own, **dict(zip(codes, map(float, row), strict=True))})
    return rows


def table_of(section: Section | None, name: str) -> Table:
    """The section's table of that name."""
    assert section is not None
    return next(table for table in section.tables if table.name == name)


def cells(table: Table, *first: str) -> dict[str, Any]:
    """The row whose first cells have the given texts, by column."""
    (found,) = [row for row in table.rows if tuple(plain(cell) for cell in row[: len(first)]) == first]
    return dict(zip(table.header, found, strict=True))


def plain(cell: Any) -> str:
    """The text of a cell."""
    return cell if isinstance(cell, str) else cell.plain()


def p_of(cell: Any) -> float:
    """The p in a cell at full precision, as in the CSV."""
    return float(cell.numbers()[""])


def words(section: Section | None) -> str:
    """The section's paragraphs, joined."""
    assert section is not None
    return " ".join(part for part in section.parts if isinstance(part, str))


def score(mean: float, std: float, runs: int, expected: int | None = None) -> Score:
    """A cell with this mean and standard deviation over ``runs`` runs, up to rounding."""
    return Score(
        pytest.approx(mean, **WITHIN),
        pytest.approx(std, nan_ok=True, **WITHIN),
        runs,
        runs if expected is None else expected,
    )


def unmarked(cell: Any) -> Any:
    """The score without bold."""
    return replace(cell, best=False)


def marked(table: Table, column: str) -> list[str]:
    """The first cells of the rows with a bold cell in a column."""
    place = list(table.header).index(column)
    return [plain(row[0]) for row in table.rows if isinstance(row[place], Score) and row[place].best]  # type: ignore[union-attr]


def std(values: Any) -> float:
    """The sample standard deviation."""
    return float(np.std(np.asarray(values, float), ddof=1))


def two_rates(*methods: tuple[str, Sequence[str]], failing: Sequence[str] = ()) -> Rows:
    """Runs of methods in their target languages, at two rates × two seeds. German has 70, Hindi 30.

    The seed is added to each test score. All runs of the methods in ``failing`` fail.
    """
    level = {"en": 90.0, "de": 70.0, "hi": 30.0}
    found: Rows = []
    for (method, codes), rate, seed in itertools.product(methods, (COLD, WARM), (0, 1)):
        lost = method in failing
        scores = {code: None if lost else level[code] + seed for code in ("en", *codes)}
        found += run(method, seed, scores, dev=None if lost else 80.0 - 1e5 * rate, learning_rate=rate)
    return found


def at_rates(rates: Mapping[str, Sequence[float]], **more: Any) -> Rows:
    """Two seeds of each method at its own learning rates."""
    random = np.random.default_rng(31)
    rows: Rows = []
    for method, own in rates.items():
        for rate, seed in itertools.product(own, (0, 1)):
            scores = {code: float(random.normal(60, 3)) for code in ("en", "de", "hi")}
            rows += run(method, seed, scores, dev=60.0, learning_rate=rate, **more)
    return rows


def replace_method(row: Mapping[str, Any], method: str) -> dict[str, Any]:
    """The row with another method."""
    return {**row, "method": method}


def arrays(raw: pd.DataFrame, method: str) -> tuple[Floats, Floats, Floats, Floats]:
    """Source (runs,) and target scores (runs × languages) of a method and of vanilla, over their common runs in
    vanilla's order."""
    keys = ["learning_rate", "seed"]
    wide = {
        m: raw[raw["method"] == m].pivot_table(index=keys, columns="language", values="score")
        for m in (method, "vanilla")
    }
    both = wide["vanilla"].index.intersection(wide[method].index, sort=False)
    ours, theirs = (wide[m].loc[both] for m in (method, "vanilla"))
    targets = ["de", "hi", "th"]
    return ours["en"].to_numpy(), theirs["en"].to_numpy(), ours[targets].to_numpy(), theirs[targets].to_numpy()


def swapped_p(ours: Floats, theirs: Floats) -> float:
    """The p of the paired permutation test of the mean log ratio, by brute force over all swaps of median-centred
    runs."""
    a, b = ours - np.median(ours, axis=0), theirs - np.median(theirs, axis=0)
    swapped = np.array([*itertools.product((False, True), repeat=len(a))])[:, :, None]
    one, other = np.where(swapped, b, a), np.where(swapped, a, b)
    statistic = np.abs(np.log(one.std(axis=1, ddof=1) / other.std(axis=1, ddof=1)).mean(axis=1))
    return float((statistic >= statistic[0] - 1e-9).mean())


def holm(p: Mapping[str, float]) -> dict[str, float]:
    """Holm's correction by its definition."""
    order = sorted(p, key=lambda name: p[name])
    raised = [min(1.0, (len(p) - i) * p[name]) for i, name in enumerate(order)]
    return {name: max(raised[: i + 1]) for i, name in enumerate(order)}


def noted(table: Table) -> str:
    """The table's notes and the explanations of its headers, joined."""
    return " ".join(table.captions)


CHANCE = np.random.default_rng(11).normal(0, 1, (12, 3))
OTHER = np.random.default_rng(12).normal(0, 1, (12, 3))


def several(*spreads: float, runs: int = 9) -> Rows:
    """Vanilla with a standard deviation of 3, and methods with the given standard deviations, all independent."""
    random = np.random.default_rng(13)
    rows: Rows = []
    for place, size in enumerate((3.0, *spreads)):
        for seed in range(runs):
            target = random.normal(60, size, 2)
            rows += run(
                f"m{place}" if place else "vanilla",
                seed,
                {"en": float(random.normal(90, 1)), "de": float(target[0]), "hi": float(target[1])},
            )
    return rows


NOTHING = re.compile(r"(?<![^\W_])(nan|inf|infinity|NA|NaT)(?![^\W_])", re.IGNORECASE)


class Text(HTMLParser):
    """The text of a page, with the alternative texts of figures and cells, without style and script."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.skipped, self.found = False, list[str]()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.skipped = tag in ("style", "script")
        self.found += [value or "" for name, value in attrs if name in ("alt", "data-sort-value", "aria-label")]

    def handle_endtag(self, tag: str) -> None:
        self.skipped = False

    def handle_data(self, data: str) -> None:
        self.found += [] if self.skipped else [data]


def clean(section: Section | None, *, drawn: bool = False) -> None:
    """Check that no rendering of a section shows an undefined number; figures are checked if ``drawn``."""
    assert section is not None
    for part in section.parts:
        texts = [part] if isinstance(part, str) else []
        if isinstance(part, Picture):
            texts = [
                part.caption,
                part.alt,
                *(text.get_text() for axes in (part.figure.axes if drawn else []) for text in axes.texts),
            ]
        if isinstance(part, Table):
            texts = [part.title, *part.notes, part.plain(), part.markdown(), part.latex()]
            texts += [
                str(text) for row in part.html_rows() for shown in row for text in (shown.content, shown.order or "")
            ]
        for text in texts:
            assert (found := NOTHING.search(text)) is None, f"{section.name}: {found} in {text}"


def clean_page(made: Sequence[Chapter], seen: View, *, drawn: bool = False) -> None:
    """Check that neither a section nor the page shows an undefined number."""
    for section in (section for chapter in made for section in (chapter.section, chapter.twin) if section is not None):
        clean(section, drawn=drawn)
    images = {part.name: "" for chapter in made for part in chapter.section.parts if isinstance(part, Picture)}
    shown = first_screen(seen)
    if shown is not None:
        numbers = [part for part in (shown.numbers,) if part is not None]
        told = [verdict.text for verdict in shown.verdicts] + [verdict.headline for verdict in shown.verdicts]
        clean(Section("opening", "Opening", [shown.caption, *told, *numbers]))
        assert not re.search(r"\bnan\b|\binf\b", shown.picture + shown.surviving)
    sections = [section for one in made for section in (one.section, one.twin) if section is not None]
    tables = [*(table for section in sections for table in section.tables)]
    tables += [shown.numbers] if shown is not None and shown.numbers is not None else []
    html = rendered(seen, made, shown, images, {table.key: table.name for table in tables})
    text = " ".join(Text(html).found)
    assert (found := NOTHING.search(text)) is None, f"{found} in {text[max(0, found.start() - 200) : found.end() + 50]}"


ALL_METHODS = (
    "vanilla",
    "l2(strength=0.1)",
    "l2(strength=1)",
    "ewc(strength=10)",
    "ewc(target+en, strength=10)",
    "bitfit",
)


def thin(
    methods: Sequence[str] = ALL_METHODS,
    rates: Sequence[float] = (COLD, HOT),
    seeds: int = 2,
    codes: Sequence[str] = ("de", "hi"),
    keep: Callable[[str, float, int], bool] = lambda method, rate, seed: True,
    level: Callable[[np.random.Generator], float] | None = None,
) -> Rows:
    """Runs of the paper's encoder. Runs that ``keep`` rejects fail; vanilla's other runs at ``HOT`` collapse."""
    random = np.random.default_rng(21)
    draw = level or (lambda random: float(random.normal(60, 3)))
    found: Rows = []
    for method, rate, seed in itertools.product(methods, rates, range(seeds)):
        scores = {code: draw(random) if keep(method, rate, seed) else None for code in ("en", *codes)}
        dev = 80.0 + seed if keep(method, rate, seed) else None
        found += run(
            method,
            seed,
            scores,
            dev=dev,
            learning_rate=rate,
            task="xnli",
            encoder="bert-base-multilingual-cased",
            collapsed="true" if rate == HOT and method == "vanilla" and dev is not None else "false",
        )
    return found
