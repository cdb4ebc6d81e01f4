"""The study's question and plan in a table of results: a report of the table makes the study's own claims."""

from dataclasses import replace
from pathlib import Path

import pytest

from analysis.claims.looks import Look
from analysis.results.frame import Results
from analysis.results.from_csv import read
from analysis.results.from_store import load
from analysis.results.tidy import tidy
from harness.common.errors import UserError
from harness.methods import L2, Vanilla
from harness.store.store import Store
from harness.study import EquivalenceBounds
from tests.helpers import synthetic
from tests.helpers.altered import altered

STUDY = replace(
    synthetic.study(2, methods=(Vanilla(), L2(strength=0.1)), rates=2, seeds=6, name="planned"),
    looks=3,
    equivalence=EquivalenceBounds(ratio=(0.9, 1.1), points=0.5),
)
ROWS = """method,seed,language,score,looks,ended
v,0,en,80,2,2026-01-01T00:00:00Z
v,0,de,60,2,2026-01-01T00:00:00Z
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Results of a study whose trials ended in the reverse of their order."""
    store: Store = synthetic.store(tmp_path_factory.mktemp("plan") / "store", STUDY, histories=False)
    for place, trial in enumerate(reversed(synthetic.trials(STUDY))):
        altered(store, [trial], finished=f"2026-01-01T00:{place:02}:00+00:00")
    return load(store, STUDY.name)


def test_a_table_has_the_studys_question_looks_and_bounds(results: Results, tmp_path: Path) -> None:
    tidy(results).to_csv(tmp_path / "results.csv", index=False)
    again = read(str(tmp_path / "results.csv"))
    assert (again.about.question, again.about.looks) == (STUDY.question, 3)
    assert (again.about.equivalence, again.about.bounded) == (STUDY.equivalence, True)
    methods = [arm.method.arm.label for arm in STUDY.arms]
    looks = [Look.of(one, methods[1], methods[0]) for one in (results, again)]
    assert looks[0] is not None
    assert looks[1] is not None
    assert looks[0].reached == 2  # of 3, so the order of the ends decides which pairs count
    assert looks[1].sentence == looks[0].sentence
    assert [*looks[1].pairs] == [*looks[0].pairs]


def test_a_study_without_a_plan_has_no_such_columns(tmp_path: Path) -> None:
    plain = replace(STUDY, name="plain", question="", looks=None, equivalence=None)
    frame = tidy(load(synthetic.store(tmp_path / "store", plain, histories=False), "plain"))
    assert not {"question", "looks", "ended", "same_ratio", "same_points"} & {*frame.columns}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (",2,", ",two,", "runs.csv: looks: 'two' is not allowed; give a whole number from 1 to 20"),
        (",2,", ",0,", "runs.csv: looks: '0' is not allowed"),
        (",2,", f",{'9' * 5000},", "is not allowed; give a whole number from 1 to 20"),
        ("60,2,", "60,3,", "runs.csv:3: looks: '3' is not allowed; give the value of the first row, '2'"),
        ("Z\n", "Z?\n", "runs.csv:2: ended: '2026-01-01T00:00:00Z?' is not allowed; give a time"),
        ("2026-01-01T00:00:00Z", "", "runs.csv:2: ended: '' is not allowed; give a time"),
        (",ended", ",error", "runs.csv: the column 'ended' is missing; planned looks need"),
        ("looks", "same_ratio", "runs.csv: same_ratio: '2' is not allowed; give two ratios"),
    ],
)
def test_mistakes(old: str, new: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        table(ROWS.replace(old, new), tmp_path)
    assert said in str(caught.value)


def test_a_bound_out_of_range_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"bounds of equivalence: points: -2\.0 is not allowed"):
        table(ROWS.replace("looks", "same_points").replace(",2,", ",-2,"), tmp_path)


def test_times_are_compared_across_time_zones(tmp_path: Path) -> None:
    """Seed 1 ended first, though its text sorts last."""
    ends = ("2026-01-01T08:00:00+00:00", "2026-01-01T09:00:00+02:00")
    rows = [
        f"{method},{seed},{language},80,2,{ends[seed]}"
        for method in ("vanilla", "l2")
        for seed in (0, 1)
        for language in ("en", "de")
    ]
    look = Look.of(table("\n".join([ROWS.splitlines()[0], *rows, ""]), tmp_path), "l2", "vanilla")
    assert look is not None
    assert [seed for _, seed, _ in look.pairs] == [1, 0]


def table(text: str, folder: Path) -> Results:
    """The results in a table with this text."""
    file = folder / "runs.csv"
    file.write_text(text, encoding="utf-8")
    return read(str(file))
