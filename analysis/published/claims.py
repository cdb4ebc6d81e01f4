"""The paper's claims as data, and whether they hold in a set of results: ``CLAIMS``, ``judge``, ``judge_all`` and
``self_check``.

A claim compares two figures, so its verdict is on the direction of two estimates alone. Whether a difference is more
than chance is for intervals and tests to say; a claim that "holds" by 0.01 is no evidence. Where one is to be above the
other and both read the same with two decimals they are equal.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from statistics import fmean

import pandas as pd

from analysis.published import MBERT, SOURCE, TABLES, TASKS, XLMR_LARGE, ZERO_SHOT, Kind, of_task
from analysis.published.check import HALF
from harness.common.errors import UserError, bad

HOLDS, FAILS, EQUAL, NOT_APPLICABLE = "holds", "does not hold", "equal", "not applicable"
SOURCE_ROW, EVERY_TARGET = "source", "every target"
CORRELATION = "correlation"
COLUMNS = ("method", "language", "mean", "std")
FROZEN = ("soft_prompt", "bitfit", "adapter")
Figures = Mapping[tuple[str, str, str], float]


@dataclass(frozen=True, kw_only=True)
class Claim:
    """``left`` is above (or below) ``right``, in the row ``language`` of both, or in the rows ``language`` and
    ``right_language``."""

    id: str
    section: str
    sentence: str
    """As the paper has it, shortened."""
    tables: tuple[int, ...]
    """Where the paper's figures for it are."""
    left: str
    """A method, or ``correlation``."""
    right: str
    """A method; empty for the number 0."""
    tasks: tuple[str, ...] = TASKS
    """Those that the paper says it of."""
    kind: Kind = Kind.BEST
    """The kind of study that it is a claim about."""
    encoder: str = MBERT
    language: str = ZERO_SHOT
    """``zero-shot``, ``source``, ``every target``; of a correlation its corpus."""
    right_language: str = ""
    """Empty for ``language``."""
    statistic: str = "mean"
    below: bool = False
    """Whether left is to be below right, not above it."""
    strictly: bool = True
    by: float = 0.0
    """Points by which it is to be, at least."""
    times: float = 1.0
    """What right is multiplied by."""
    exempt: frozenset[str] = frozenset()
    """Targets that the paper excepts."""
    only: frozenset[str] = frozenset()
    """The targets that the paper names, where it says it of those alone."""
    share: float = 1.0
    """Of ``every target``, more than this share, or for 1 all, must bear it out."""

    @property
    def counts(self) -> bool:
        """Whether its figures are numbers of languages."""
        return self.language == EVERY_TARGET

    @property
    def what(self) -> str:
        """Which two figures are compared, and how the first is to lie to the second."""
        if self.left == CORRELATION:
            return f"correlation of the zero-shot score with the distance on {self.language}: below 0"
        std = self.statistic == "std"
        if self.by:
            relation = f"at least {self.by:g} points above"
        elif self.times != 1:
            relation = f"{'at most' if self.below else 'at least'} {self.times:g} times"
        else:
            relation = {
                (True, True): "below",
                (True, False): "not above",
                (False, True): "above",
                (False, False): "not below",
            }[self.below, self.strictly]
        if self.counts:
            some = (
                f" of {', '.join(sorted(self.only))}"
                if self.only
                else f" but {', '.join(sorted(self.exempt))}"
                if self.exempt
                else ""
            )
            return (
                f"languages{some}: {f'std of {self.left}' if std else self.left} {relation} "
                f"{'that of ' * std}{self.right}"
            )
        if self.right_language:
            sides = [
                f"{_row(language)} score of {m}"
                for language, m in ((self.language, self.left), (self.right_language, self.right))
            ]
            return f"{'std, ' * std}points: {f' {relation} '.join(sides)}"
        return f"{'std of the ' * std}{_row(self.language)} score, points: {self.left} {relation} {self.right}"


@dataclass(frozen=True)
class Judgement:
    """What a set of results says to a claim."""

    claim: Claim
    verdict: str
    left: float | None
    """The claim's left figure; of ``every target``, the number of languages that bear it out. None where it is not
    applicable."""
    right: float | None
    """The right figure, times its factor; of ``every target``, the number of languages that both methods have, less
    those exempt."""
    note: str = ""
    """Why it is not applicable, in which languages it is otherwise or there is no difference, or which languages the
    averages are over where they are not the methods' own."""


def judge(claim: Claim, results: pd.DataFrame, task: str, source: str = SOURCE) -> Judgement:
    """Whether a claim holds in results of one task.

    ``results`` has a row a method × language and the columns method (vanilla, l2, ewc …), language (a code;
    ``zero-shot`` for the average; the source's code or ``source`` for the source), mean and std (NaN where there is
    none). Correlations of distance and score are rows of the method ``correlation`` with the corpus (wikipedia, xnli)
    as language and the coefficient as mean. Raises ``UserError`` for columns that are missing and rows that are there
    twice. Where two methods' averages are over different languages, they are taken over those that both have. A claim
    that the paper makes of other tasks, or whose figures are not there, is not applicable.
    """
    if task not in claim.tasks:
        return Judgement(claim, NOT_APPLICABLE, None, None, f"the paper says it of {', '.join(claim.tasks)}")
    found = _figures(results, source)
    if claim.language == EVERY_TARGET:
        return _every_target(claim, found)
    keys = [(claim.left, claim.language, claim.statistic)]
    keys += [(claim.right, claim.right_language or claim.language, claim.statistic)] if claim.right else []
    if missing := [
        f"{statistic} of {method}, {language}"
        for method, language, statistic in keys
        if (method, language, statistic) not in found
    ]:
        return Judgement(claim, NOT_APPLICABLE, None, None, f"there is no {' and no '.join(missing)}")
    left, right = found[keys[0]], found[keys[1]] if claim.right else 0.0
    note = ""
    if claim.right and claim.language == ZERO_SHOT and not claim.right_language:
        mine, theirs = (_targets(found, method) for method in (claim.left, claim.right))
        if (
            mine and theirs and {*mine} != {*theirs}
        ):  # as of ewc, which may be of a few languages: their averages are of other things
            shared = [language for language in mine if language in theirs]
            if claim.statistic != "mean" or not shared:
                note = f"the averages of {claim.left} and {claim.right} are not over the same languages"
                return Judgement(claim, NOT_APPLICABLE, None, None, note)
            left, right = (
                fmean(found[method, code, "mean"] for code in shared) for method in (claim.left, claim.right)
            )
            note = f"over the languages that both have: {', '.join(shared)}"
    right *= claim.times
    return Judgement(claim, _verdict(claim, left, right), left, right, note)


def judge_all(
    results: pd.DataFrame, task: str, kind: str, encoder: str = MBERT, source: str = SOURCE
) -> list[Judgement]:
    """``judge`` for every claim about a kind of study and an encoder, those that are not applicable among them."""
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
                note = "the figures before rounding could bear it out" if close else found.note
                known = {"claim": claim.id, "section": claim.section, "table": number, "task": task}
                rows.append(known | {"left": found.left, "right": found.right, "verdict": found.verdict, "note": note})
    return pd.DataFrame(rows).astype({"left": "Float64", "right": "Float64"})


def plain(number: int, task: str | None = None) -> pd.DataFrame:
    """A published table of results as the frame that ``judge`` takes: method, language, mean, std.

    Raises ``UserError`` for Tables 10 and 16, which are settings.
    """
    if TABLES[number].kind == Kind.SETTINGS:
        raise bad("published table", number, "a table of results")
    rows = of_task(number, task)
    if TABLES[number].kind == Kind.CORRELATION:
        rows = rows.rename(columns={"corpus": "language"}).assign(method=CORRELATION, statistic="mean")
    wide = (
        rows.set_index(["method", "language", "statistic"])["value"]
        .unstack("statistic")
        .reindex(columns=["mean", "std"])
    )
    return wide.reindex(pd.MultiIndex.from_frame(rows[["method", "language"]].drop_duplicates())).reset_index()


def _figures(results: pd.DataFrame, source: str) -> Figures:
    if lacking := [name for name in COLUMNS if name not in results]:
        raise UserError(f"results: there is no column {', '.join(lacking)}; give {', '.join(COLUMNS)}")
    found: dict[tuple[str, str, str], float] = {}
    seen = set()
    for row in results.to_dict("records"):
        key = row["method"], SOURCE_ROW if row["language"] == source else row["language"]
        if key in seen:
            raise bad("results", key, "one row a method and language")
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
        return Judgement(claim, NOT_APPLICABLE, None, None, note)
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


def _row(language: str) -> str:
    return SOURCE_ROW if language == SOURCE_ROW else ZERO_SHOT


def _claims() -> tuple[Claim, ...]:
    zero_shot = Claim(
        id="l2-zero-shot",
        section="5.1",
        sentence="Fine-tuning with L2-distance regularization outperforms vanilla fine-tuning across all four tasks.",
        tables=(1,),
        left="l2",
        right="vanilla",
    )
    several = replace(zero_shot, kind=Kind.SENSITIVITY, tables=(3,), section="5.2")
    sentence_per_language = (
        "w/ L2 consistently performs better for all the languages than vanilla fine-tuning and w/ EWC."
    )
    xnli = replace(zero_shot, tables=(2,), tasks=("xnli",), language=EVERY_TARGET, sentence=sentence_per_language)
    panx = replace(
        xnli,
        tables=(7,),
        tasks=("panx",),
        exempt=frozenset({"fr"}),
        sentence="w/ L2 performs the best for all languages, except fr.",
    )
    majority = "w/ L2 performs the best for majority of the languages."
    udpos = replace(xnli, tables=(8,), tasks=("udpos",), share=0.5, sentence=majority)
    some = "For some languages, such as hi, ja and ur, vanilla fine-tuning performs better."
    udpos_some = replace(
        udpos, left="vanilla", right="l2", share=1.0, only=frozenset({"hi", "ja", "ur"}), sentence=some
    )
    outperformed = "Fine-tuning w/ EWC is consistently outperformed by other two techniques."
    ewc_worst = replace(xnli, tables=(8,), tasks=("udpos",), left="ewc", below=True, sentence=outperformed)
    less_std = replace(several, statistic="std", below=True)
    both = ("xnli", "udpos")
    frozen = replace(zero_shot, kind=Kind.FROZEN, tables=(6,), section="6", tasks=both)
    extreme = replace(zero_shot, kind=Kind.EXTREME, tables=(14,))
    variant = replace(
        zero_shot,
        kind=Kind.EWC_VARIANTS,
        tables=(15,),
        section="4.2",
        tasks=("xnli",),
        below=True,
        strictly=False,
        right="ewc",
    )
    variant = replace(
        variant, language=EVERY_TARGET, sentence="None of the variants performed better than our approach."
    )
    large = replace(zero_shot, encoder=XLMR_LARGE, tables=(19, 20, 21, 22))
    correlation = replace(
        zero_shot, kind=Kind.CORRELATION, tables=(5,), section="5.3", left=CORRELATION, right="", below=True
    )
    negative = "Larger the Fréchet distance between en and lg, weaker the zero-shot performance on lg."
    return (
        zero_shot,
        replace(
            zero_shot,
            id="ewc-zero-shot",
            left="ewc",
            below=True,
            sentence="EWC generally deteriorates the overall performance.",
        ),
        replace(
            zero_shot,
            id="l2-over-ewc",
            section="7",
            right="ewc",
            sentence="L2-distance regularization outperforms EWC across tasks.",
        ),
        replace(xnli, id="l2-every-language-xnli"),
        replace(xnli, id="l2-over-ewc-every-language-xnli", right="ewc"),
        replace(panx, id="l2-every-language-panx"),
        replace(panx, id="l2-over-ewc-every-language-panx", right="ewc"),
        replace(udpos, id="l2-most-languages-udpos"),
        replace(udpos_some, id="vanilla-some-languages-udpos"),
        replace(ewc_worst, id="ewc-below-vanilla-every-language-udpos"),
        replace(ewc_worst, id="ewc-below-l2-every-language-udpos", right="l2"),
        replace(
            xnli,
            id="l2-every-language-pawsx",
            tables=(9,),
            tasks=("pawsx",),
            exempt=frozenset({"es", "fr"}),
            sentence="w/ L2 performed better than vanilla for all languages except es and fr.",
        ),
        replace(
            several,
            id="l2-zero-shot-over-settings",
            sentence="L2 improves the overall performance over hyperparameter settings.",
        ),
        replace(
            several,
            id="l2-source-over-settings",
            tasks=("xnli", "pawsx"),
            language=SOURCE_ROW,
            sentence="The performance on English improves as well.",
        ),
        replace(
            several,
            id="vanilla-less-steady-zero-shot",
            left="vanilla",
            statistic="std",
            right_language=SOURCE_ROW,
            sentence="The performance on English might be consistent, the zero-shot performance varies a lot.",
        ),
        replace(
            less_std,
            id="l2-steadier-zero-shot",
            sentence="L2 significantly reduces the standard deviation for target languages.",
        ),
        replace(
            less_std,
            id="l2-steadier-source",
            language=SOURCE_ROW,
            sentence="L2 significantly reduces the standard deviation for the source language.",
        ),
        replace(
            less_std,
            id="l2-steadier-by-60-percent",
            section="1",
            times=0.4,
            strictly=False,
            sentence="It reduces standard deviation in zero-shot performance by at least 60%.",
        ),
        replace(
            less_std,
            id="l2-steadier-every-language-xnli",
            tables=(4,),
            tasks=("xnli",),
            language=EVERY_TARGET,
            sentence="The standard deviation for all languages is reduced when the model is fine-tuned with L2.",
        ),
        *(
            replace(frozen, id=f"l2-over-{m}", right=m, sentence="L2-distance regularization still performs the best.")
            for m in FROZEN
        ),
        *(
            replace(
                frozen,
                id=f"{m}-below-vanilla",
                left=m,
                below=True,
                sentence=f"{m} resulted in sub-par zero-shot performance.",
            )
            for m in ("soft_prompt", "bitfit")
        ),
        replace(
            frozen,
            id="adapter-over-vanilla-xnli",
            left="adapter",
            tasks=("xnli",),
            sentence="Adapter based fine-tuning outperformed vanilla.",
        ),
        replace(
            frozen,
            id="adapter-below-vanilla-udpos",
            left="adapter",
            tasks=("udpos",),
            below=True,
            sentence="For UDPOS, all three techniques under-performed.",
        ),
        *(
            replace(
                frozen,
                id=f"{m}-below-{other}-on-source",
                left=m,
                right=other,
                language=SOURCE_ROW,
                below=True,
                sentence="All three techniques consistently achieved lower performance on the English test set.",
            )
            for m in FROZEN
            for other in ("vanilla", "l2")
        ),
        replace(
            extreme,
            id="l2-extreme",
            section="E",
            sentence="L2 significantly outperformed vanilla in the extreme setting.",
        ),
        replace(
            extreme,
            id="l2-extreme-by-10",
            by=10.0,
            strictly=False,
            sentence="L2 outperformed vanilla by at least 10% for each task.",
        ),
        replace(variant, id="ewc-with-source-not-above-ewc", left="ewc(target+en)"),
        replace(variant, id="ewc-mixed-with-source-not-above-ewc", left="ewc(mix target-en)"),
        *(
            replace(correlation, id=f"distance-{corpus}", language=corpus, sentence=negative)
            for corpus in ("wikipedia", "xnli")
        ),
        replace(large, id="l2-zero-shot-xlmr-large", sentence="With L2, XLM-R Large outperformed vanilla fine-tuning."),
        replace(
            large,
            id="l2-over-published-xlmr-large",
            right="published",
            sentence="With L2, XLM-R Large outperformed the reported results of Hu et al. (2020).",
        ),
    )


CLAIMS = _claims()
