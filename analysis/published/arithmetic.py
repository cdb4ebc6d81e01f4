"""Checks of the tables' figures against one another: averages, changes, stds, and figures printed in two tables."""

from collections.abc import Iterator
from statistics import fmean

import pandas as pd

from analysis.published import SOURCE, TABLES, TASKS, ZERO_SHOT, figures, load
from analysis.published.check import AGREES, DISAGREES, HALF, ODD, SLACK, Check, number

AVERAGED = (2, 4, 7, 8, 9, 11, 12, 13, 17, 18, 19, 20, 21, 22)
"""Tables with a column for every language and a column for their average."""
BEST = dict(zip(TASKS, (2, 7, 8, 9), strict=True))
SEVERAL = dict(zip(TASKS, (4, 11, 12, 13), strict=True))
"""Each task's per-language table of several settings; ``BEST`` has the tables of the best setting."""
SAME_EXPERIMENT = ((1, 2, 6, 7, 8, 9, 15, 17, 18), (3, 4, 11, 12, 13))
"""Groups of tables that repeat one another's figures."""


def averages() -> pd.DataFrame:
    """Every printed average over languages and the mean of its own row.

    Columns: table, task, method, languages (number of targets), printed, without_en (the mean over targets), with_en,
    difference (printed minus without_en) and follows. ``follows`` says whether the difference is at most 0.01: 0.005
    for the rounding of the average, and 0.005 for the rounding of its terms.
    """
    rows = []
    for table in AVERAGED:
        for method, row in figures(table).items():
            printed, source, scores = row[ZERO_SHOT], row[SOURCE], _targets(row)
            mean = fmean(scores)
            known = {"table": table, "task": TABLES[table].tasks[0], "method": method, "languages": len(scores)}
            values = {
                "printed": printed,
                "without_en": mean,
                "with_en": fmean([*scores, source]),
                "difference": printed - mean,
            }
            rows.append(known | values | {"follows": abs(printed - mean) <= 2 * HALF + SLACK})
    return pd.DataFrame(rows)


def spreads() -> pd.DataFrame:
    """Every printed std over runs of an average, and its upper bound: the mean of the stds in the same row.

    The std of a mean over languages is at most the mean of their stds (the triangle inequality; for any ddof). The two
    are equal if all languages move together. The printed std cannot be computed from the row. Columns: table, task,
    method, printed, bound and within.
    """
    rows = []
    for task, table in SEVERAL.items():
        for method, row in figures(table, statistic="std").items():
            bound = fmean(_targets(row))
            known = {"table": table, "task": task, "method": method, "printed": row[ZERO_SHOT], "bound": bound}
            rows.append(known | {"within": row[ZERO_SHOT] <= bound + 2 * HALF + SLACK})
    return pd.DataFrame(rows)


def checks() -> Iterator[Check]:
    """All checks of this module."""
    yield from _averages()
    yield from _changes()
    yield from _repeats()
    yield from _spreads()
    yield from _twins()
    yield from _best_of_settings()


def _averages() -> Iterator[Check]:
    for row in averages().to_dict("records"):
        what = f"average of {row['method']} over {row['languages']} target languages"
        note = f"with en it would be {row['with_en']:.2f}"
        yield number(f"Table {row['table']}", what, f"{row['printed']:.2f}", row["without_en"], (HALF, HALF), note)


def _changes() -> Iterator[Check]:
    """Checks of the changes in brackets in Table 1."""
    rows = load(1)
    for row in rows[rows["statistic"] == "change"].to_dict("records"):
        scores = figures(1, row["task"])
        change = scores[row["method"]][ZERO_SHOT] - scores["vanilla"][ZERO_SHOT]
        yield number(
            "Table 1", f"change of {row['method']} on {row['task']}", row["printed"], change, (2 * HALF, 2 * HALF)
        )


def _repeats() -> Iterator[Check]:
    """Checks of figures that appear in two tables, and of Section 1's figures against Table 3."""
    own = {(row["table"], row["method"]): row["without_en"] for row in averages().to_dict("records")}
    for tables in SAME_EXPERIMENT:
        rows = pd.concat([load(table) for table in tables])
        rows = rows[rows["statistic"] != "change"]
        for (task, method, language, statistic), same in rows.groupby(
            ["task", "method", "language", "statistic"], sort=False
        ):
            first, *others = same.to_dict("records")
            for other in others:
                difference = first["value"] - other["value"]
                where = f"Tables {first['table']} and {other['table']}"
                what = f"{statistic} of {method} on {task}, {language}"
                if abs(difference) < SLACK:
                    yield Check(where, what, first["printed"], other["printed"], "", AGREES)
                    continue
                key = (other["table"], method)
                note = (
                    f"Table {other['table']}'s languages average {own[key]:.3f}"
                    if language == ZERO_SHOT and key in own
                    else ""
                )
                yield Check(where, what, first["printed"], other["printed"], f"{difference:+.2f}", DISAGREES, note)
    for language, mean, std in ((SOURCE, "85.29", "0.20"), (ZERO_SHOT, "60.99", "1.26")):
        for statistic, printed in (("mean", mean), ("std", std)):
            what = f"{statistic} of vanilla on panx, {language}"
            yield number("Section 1 and Table 3", what, printed, figures(3, "panx", statistic)["vanilla"][language])


def _spreads() -> Iterator[Check]:
    for row in spreads().to_dict("records"):
        what = f"std of the average of {row['method']} is at most the mean of the languages' stds"
        verdict = AGREES if row["within"] else DISAGREES
        yield Check(f"Table {row['table']}", what, f"{row['printed']:.2f}", f"at most {row['bound']:.2f}", "", verdict)


def _twins() -> Iterator[Check]:
    """Pairs of languages with the same mean and the same std."""
    note = "the two columns stand side by side: one may be a copy of the other"
    for table in SEVERAL.values():
        spread = figures(table, statistic="std")
        for method, row in figures(table).items():
            met: dict[tuple[float, float], str] = {}
            for language, mean in row.items():
                other = met.setdefault((mean, spread[method][language]), language)
                if other != language:
                    what = f"{method}, {other} and {language}"
                    figure = f"{mean:g} ± {spread[method][language]:g}"
                    yield Check(f"Table {table}", what, f"both {figure}", "two different figures", "", ODD, note)


def _best_of_settings() -> Iterator[Check]:
    """Checks that the best setting's mean over seeds is at least the mean over settings.

    They cover en and the target languages that both tables have.
    """
    for task in TASKS:
        best, several, spread = figures(BEST[task]), figures(SEVERAL[task]), figures(SEVERAL[task], statistic="std")
        where = f"Tables {BEST[task]} and {SEVERAL[task]}"
        for method, row in several.items():
            shared = [language for language in best[method] if language in row and language not in (SOURCE, ZERO_SHOT)]
            what = f"best setting of {method} on {task} at least the mean over settings"
            one, mean = best[method][SOURCE], row[SOURCE]
            yield _at_least(
                where, f"{what}, en", one, mean, f"{(mean - one) / spread[method][SOURCE]:.1f} of the settings' std"
            )
            one, mean = (fmean(table[method][language] for language in shared) for table in (best, several))
            yield _at_least(where, f"{what}, {len(shared)} shared languages", one, mean, f"{mean - one:.2f} points")


def _at_least(where: str, what: str, one: float, mean: float, by: str) -> Check:
    if one >= mean - 2 * HALF - SLACK:
        return Check(where, what, f"{one:.2f}", f"{mean:.2f}", "", AGREES)
    return Check(
        where,
        what,
        f"{one:.2f}",
        f"{mean:.2f}",
        f"{one - mean:+.2f}",
        ODD,
        f"chosen as the best, yet {by} below the mean",
    )


def _targets(row: dict[str, float]) -> list[float]:
    return [value for language, value in row.items() if language not in (SOURCE, ZERO_SHOT)]
