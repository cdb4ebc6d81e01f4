"""The same examples from any layout have the same fingerprint; what was read otherwise is said once."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.common.errors import UserError
from harness.data import reading
from harness.data.origin import Origin
from harness.execution.plan import plan
from harness.execution.sweep_plan import SweepPlan
from harness.store.trials import Standing
from harness.study import Study
from tests.helpers.data import LINES, folder_of


def rewritten(folder: Path, suffix: str, task: str) -> Path:
    """All files of a folder are CoNLL-U (UDPOS), or CoNLL-2003 in IOB1 (PAN-X)."""
    for file in (folder / task).glob("*.tsv"):
        lines = file.read_text(encoding="utf-8").split("\n")
        rows = [line.split("\t") if line else [] for line in lines]
        if suffix == ".conllu":
            made = ["\t".join(["1", row[0], "_", row[1], *"______"]) if row else "" for row in rows]
        else:
            made = [f"{row[0]} X X {row[1].replace('B-', 'I-')}" if row else "" for row in rows]
        file.with_suffix(suffix).write_text("\n".join(made), encoding="utf-8")
        file.unlink()
    return folder


@pytest.mark.parametrize(("task", "suffix"), [("udpos", ".conllu"), ("panx", ".conll"), ("panx", ".txt")])
def test_ids_are_those_of_xtremes_layout(study: Study, tmp_path: Path, task: str, suffix: str) -> None:
    plain = folder_of(tmp_path / "plain", task)
    other = str(rewritten(Path(folder_of(tmp_path / "other", task)), suffix, task))
    own = replace(study, task=task, targets=("de",), data=plain)
    there = plan(replace(own, data=other))
    assert [trial.id for trial in there] == [trial.id for trial in plan(own)]
    notes = [*SweepPlan.of(there, Standing({}, {}, {}), retry_failed=False).notes("s", keep_weights=False)]
    said = [line for line in notes if "IOB1" in line]
    expected = [
        f"{part}{suffix}: tags in IOB1 are read as IOB2." for part in ("train-en", "dev-en", "test-en", "test-de")
    ]
    assert [line.rpartition("/")[2] for line in said] == (expected if task == "panx" else [])


def test_two_layouts_of_one_split_are_refused(tmp_path: Path) -> None:
    folder = rewritten(Path(folder_of(tmp_path, "panx")), ".conll", "panx")
    (folder / "panx" / "test-de.txt").write_text(LINES["panx"], encoding="utf-8")
    with pytest.raises(UserError, match=r"panx has test-de\.conll and test-de\.txt; leave one of them there"):
        reading.examples(Origin("panx", str(folder)), "test", "de")
    with pytest.raises(UserError, match=r"test-fr\.tsv does not exist; languages with a test file there: de, en"):
        reading.examples(Origin("panx", str(folder)), "test", "fr")


@pytest.mark.parametrize(
    ("task", "content", "message"),
    [
        ("pawsx", "sentence1\tsentence2\tlabel\na\tb\t1\n", r":1: the line is a header, .*; delete it, as sed 1d does"),
        ("pawsx", "id\tsentence1\tsentence2\tlabel\n1\ta\tb\t1\n", r":1: .* found 4 columns: .* cut -f 2-"),
        ("xnli", "a\tb\t0\n", r":1: the label '0' is a number; write the names entailment, neutral, contradiction"),
    ],
)
def test_other_layouts_of_pairs_are_named(tmp_path: Path, task: str, content: str, message: str) -> None:
    place = folder_of(tmp_path, task, **{"test-de": content})
    with pytest.raises(UserError, match=r"test-de\.tsv" + message):
        reading.examples(Origin(task, place), "test", "de")
