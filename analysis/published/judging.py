"""Whether the paper's claims hold in a set of results: ``judge``, ``judge_all`` and ``self_check``.

A claim compares two figures, so its verdict concerns only the direction of two estimates. Intervals and tests say
whether a difference exceeds chance; a claim that "holds" by 0.01 is no evidence. For strict claims without a least
difference, figures that read the same with two decimals are equal.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean

import pandas as pd

from analysis.published import MBERT, SOURCE, TABLES, ZERO_SHOT, Kind, of_task, table, wide
from analysis.published.check import HALF
from analysis.published.claims import CLAIMS, CORRELATION, SOURCE_ROW, Claim
from harness.common.errors import UserError, bad

HOLDS, FAILS, EQUAL, NOT_APPLICABLE = "holds", "does not hold", "equal", "not applicable"
COLUMNS = ("method", "language", "mean", "std")
Figures = Mapping[tuple[str, str, str], float]


@dataclass(frozen=True)
class Judgement:
    """The verdict of a set of results on a claim."""

    claim: Claim
    verdict: str
    left: float | None
    """The left figure; for ``every target``, the number of languages that support the claim. None if not applicable."""
    right: float | None
    """The right figure, times its factor; for ``every target``, the number of compared languages."""
    note: str = ""
    """A remark on the verdict, or empty.

    It says why the claim is not applicable, or which languages contradict it or have equal figures. If the averages
    are not the methods' own, it names the languages behind them.
    """


def judge(claim: Claim, results: pd.DataFrame, task: str, source: str = SOURCE) -> Judgement:
    """Judge a claim on results of one task.

    If two methods' averages are over different languages, they are recomputed over the common languages. A claim is not
    applicable if the paper makes it about other tasks, or if the results lack its figures.

    Args:
        claim: the claim.
        results: one row per method × language. Columns are method (vanilla, l2, ewc …), language (a code; ``zero-shot``
            for the average; the source's code or ``source`` for the source), mean and std (NaN for none). Correlations
            of distance and score have the method ``correlation``, the corpus (wikipedia, xnli) as language and the
            coefficient as mean.
        task: the task of the results.
        source: code of the source language.

    Raises:
        UserError: columns are missing, or rows are repeated.
    """
    if task not in claim.tasks:
        return _not_applicable(claim, f"the paper makes this claim only about {', '.join(claim.tasks)}")
    found = _figures(results, source)
    return _every_target(claim, found) if claim.counts else _two_figures(claim, found)


def _not_applicable(claim: Claim, why: str) -> Judgement:
    return Judgement(claim, NOT_APPLICABLE, None, None, why)


def judge_all(
    results: pd.DataFrame, task: str, kind: str, encoder: str = MBERT, source: str = SOURCE
) -> list[Judgement]:
    """``judge`` for every claim about a kind of study and an encoder, including claims that are not applicable."""
    return [judge(claim, results, task, source) for claim in CLAIMS if claim.kind == kind and claim.encoder == encoder]


def self_check() -> pd.DataFrame:
    """Every claim judged on the paper's own tables: claim, section, table, task, left, right, verdict, note."""
    rows = []
    for claim in CLAIMS:
        for number in claim.tables:
            for task in [task for task in TABLES[number].tasks if task in claim.tasks]:
                found = judge(claim, plain(number, task), task)
                close = found.verdict == FAILS and abs((found.left or 0) - (found.right or 0)) <= HALF * (
                    1 + claim.times
                )
                note = "the figures before rounding could agree" if close else found.note
                known = {"claim": claim.id, "section": claim.section, "table": number, "task": task}
                rows.append(known | {"left": found.left, "right": found.right, "verdict": found.verdict, "note": note})
    return pd.DataFrame(rows).astype({"left": "Float64", "right": "Float64"})


def plain(number: int, task: str | None = None) -> pd.DataFrame:
    """A published table of results as the input of ``judge``: method, language, mean, std.

    Raises ``UserError`` for an unknown number or task, and for Tables 10 and 16, which are settings.
    """
    if table(number).kind == Kind.SETTINGS:
        raise bad("published table", number, "a table of results")
    rows = of_task(number, task)
    if TABLES[number].kind == Kind.CORRELATION:
        rows = rows.rename(columns={"corpus": "language"}).assign(method=CORRELATION, statistic="mean")
    return wide(rows).reset_index()


def _figures(results: pd.DataFrame, source: str) -> Figures:
    if lacking := [name for name in COLUMNS if name not in results]:
        raise UserError(f"results: there is no column {', '.join(lacking)}; give {', '.join(COLUMNS)}")
    found: dict[tuple[str, str, str], float] = {}
    seen = set()
    for row in results.to_dict("records"):
        key = row["method"], SOURCE_ROW if row["language"] == source else row["language"]
        if key in seen:
            raise bad("results", key, "one row per method and language")
        seen.add(key)
        found |= {(*key, statistic): float(row[statistic]) for statistic in ("mean", "std") if pd.notna(row[statistic])}
    return found


def _targets(found: Figures, method: str, statistic: str = "mean") -> list[str]:
    """The target languages with a figure of a method."""
    return [
        code
        for name, code, what in found
        if name == method and what == statistic and code not in (SOURCE_ROW, ZERO_SHOT)
    ]


def _two_figures(claim: Claim, found: Figures) -> Judgement:
    keys = [(claim.left, claim.language, claim.statistic)]
    keys += [(claim.right, claim.right_language or claim.language, claim.statistic)] if claim.right else []
    if missing := [
        f"{statistic} of {method}, {code}" for method, code, statistic in keys if (method, code, statistic) not in found
    ]:
        return _not_applicable(claim, f"there is no {' and no '.join(missing)}")
    left, right = found[keys[0]], found[keys[1]] if claim.right else 0.0
    note = ""
    if (shared := _shared(claim, found)) is not None:
        if claim.statistic != "mean" or not shared:
            return _not_applicable(
                claim, f"the averages of {claim.left} and {claim.right} are not over the same languages"
            )
        left, right = (fmean(found[method, code, "mean"] for code in shared) for method in (claim.left, claim.right))
        note = f"over the languages that both have: {', '.join(shared)}"
    right *= claim.times
    return Judgement(claim, _verdict(claim, left, right), left, right, note)


def _shared(claim: Claim, found: Figures) -> list[str] | None:
    """The common languages of two methods with unequal languages; ``None`` if there is nothing to recompute.

    ewc's average, for example, may be over a few languages.
    """
    if not claim.right or claim.language != ZERO_SHOT or claim.right_language:
        return None
    mine, theirs = (_targets(found, method) for method in (claim.left, claim.right))
    if not mine or not theirs or {*mine} == {*theirs}:
        return None
    return [language for language in mine if language in theirs]


def _every_target(claim: Claim, found: Figures) -> Judgement:
    languages = _targets(found, claim.left, claim.statistic)
    pairs = {
        language: (
            found[claim.left, language, claim.statistic],
            claim.times * found[claim.right, language, claim.statistic],
        )
        for language in languages
        if (claim.right, language, claim.statistic) in found
        and language not in claim.exempt
        and language in (claim.only or languages)
    }
    if not pairs:
        which = ", ".join(sorted(claim.only)) if claim.only else "target language"
        note = f"there is no {which} with the {claim.statistic} of both {claim.left} and {claim.right}"
        return _not_applicable(claim, note)
    verdicts = {language: _verdict(claim, left, right) for language, (left, right) in pairs.items()}
    named = {
        verdict: [language for language, found in verdicts.items() if found == verdict]
        for verdict in (HOLDS, FAILS, EQUAL)
    }
    borne = len(named[HOLDS])
    holds = borne == len(pairs) if claim.share == 1 else borne > claim.share * len(pairs)
    notes = [
        f"{word} in {', '.join(named[verdict])}" for word, verdict in (("not", FAILS), (EQUAL, EQUAL)) if named[verdict]
    ]
    return Judgement(claim, HOLDS if holds else FAILS, borne, len(pairs), "; ".join(notes))


def _verdict(claim: Claim, left: float, right: float) -> str:
    if claim.strictly and not claim.by and round(left, 2) == round(right, 2):
        return EQUAL
    ahead = (right - left if claim.below else left - right) - claim.by
    return HOLDS if (ahead > 1e-9 if claim.strictly else ahead >= -1e-9) else FAILS
