"""The four tasks: files, metrics against seqeval and scikit-learn, labels on sub-words, selections of languages."""

import resource
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics import f1_score
from sklearn.metrics import accuracy_score

from harness.common.errors import UserError
from harness.data import reading
from harness.data.origin import Origin
from harness.encoders import loading, pinning
from harness.execution.plan import plan
from harness.methods import L2, Ewc
from harness.store.store import Store
from harness.study import Study, TrialConfig
from harness.tasks import TASKS, task_named
from harness.training.trial import run_trial
from tests.helpers.data import LINES, folder_of
from tests.helpers.studies import SHORT


@pytest.mark.parametrize("name", LINES)
def test_a_task_trains_and_its_scores_are_those_of_its_stored_predictions(
    name: str, cut: Path, encoder: str, tmp_path: Path
) -> None:
    """Every score of a record equals seqeval's or scikit-learn's on the stored labels."""
    study = Study(
        name=name,
        task=name,
        methods=(L2(strength=0.1),),
        settings=(SHORT,),
        seeds=(0,),
        targets=("de",),
        data=str(cut) if name in ("udpos", "pawsx") else folder_of(tmp_path, name),
        encoder=encoder,
        precision="fp32",
    )
    config = plan(study)[0]
    store = Store(tmp_path / "store")
    store.save(config, run_trial(config, cache=tmp_path))
    record = store.record(config.id)
    assert record is not None
    table = store.predictions(config.id).to_pandas()
    labels = [*task_named(name).labels, "O"]
    assert set(zip(table["split"], table["language"], strict=True)) == {("dev", "en"), ("test", "en"), ("test", "de")}
    for (split, language), part in table.groupby(["split", "language"], observed=True):
        gold, guess = ([[labels[i] for i in row] for row in part[column]] for column in ("gold", "predicted"))
        scores = getattr(record.scores, split)[language].metrics
        flat = [[label for row in rows for label in row] for rows in (gold, guess)]
        assert scores["accuracy"] == pytest.approx(100 * accuracy_score(*flat))
        if name == "panx":
            assert scores["f1"] == 100 * f1_score(gold, guess, zero_division=0)
        if name == "udpos":
            prefixed = ([[_prefixed(tag) for tag in row] for row in side] for side in (gold, guess))
            assert scores["f1"] == 100 * f1_score(*prefixed, zero_division=0)
        assert record.metric == ("f1" if name in ("udpos", "panx") else "accuracy")
        assert record.zero_shot == record.scores.test["de"].metrics[record.metric]


def _prefixed(tag: str) -> str:
    """A plain tag with the prefix that it implies: its first letter, if that is a prefix."""
    return tag if tag == "O" else f"{tag[0] if tag[0] in 'SBE' else 'I'}-{tag}"


PANX_LABELS = st.integers(0, 6)


@given(st.lists(st.lists(st.tuples(PANX_LABELS, st.integers(-1, 6)), min_size=1, max_size=9), min_size=1, max_size=5))
def test_entities_are_scored_as_seqeval_does(sentences: list[list[tuple[int, int]]]) -> None:
    task = task_named("panx")
    names = [*task.labels, "O"]
    gold, guess = [[g for g, _ in s] for s in sentences], [[p for _, p in s] for s in sentences]
    expected = f1_score([[names[i] for i in s] for s in gold], [[names[i] for i in s] for s in guess], zero_division=0)
    assert task.scores(gold, guess)["f1"] == pytest.approx(100 * expected)


def test_entity_f1_by_hand() -> None:
    ids = {label: i for i, label in enumerate(task_named("panx").labels)}
    gold = [[ids[t] for t in ("B-PER", "I-PER", "O", "B-LOC")], [ids[t] for t in ("B-ORG", "O")]]
    guess = [[ids[t] for t in ("B-PER", "O", "O", "B-LOC")], [ids["B-ORG"], -1]]  # the person is cut short: wrong
    found = task_named("panx").scores(gold, guess)
    assert found["f1"] == pytest.approx(100 * 2 * 2 / (3 + 3))
    # a word without a prediction is an error, even outside entities
    assert found["accuracy"] == pytest.approx(100 * 4 / 6)


def test_pairs_as_the_encoder_reads_them() -> None:
    tokenizer = loading.tokenizer(pinning.find("embedded"))
    task = task_named("pawsx")
    rows = task.encode([("a dog", "the cat sat down", "1"), ("x " * 40, "y", "0")], tokenizer, 16)
    assert rows["input_ids"][0] == tokenizer("a dog", "the cat sat down")["input_ids"]
    assert rows["labels"][:] == [1, 0]
    assert len(rows["input_ids"][1]) == 16
    # The longer text is cut.
    assert rows["input_ids"][1][-3:] == tokenizer("", "y")["input_ids"][-3:]
    assert task.gather([[1], [0]], rows, [0, 0]) == [[0], [0]]


def test_pairs_without_end_take_no_more_memory_than_others() -> None:
    tokenizer = loading.tokenizer(pinning.find("embedded"))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rows = TASKS["xnli"].encode(
        [("x" * 2000, "x" * 2000, "neutral"), ("a " * 900 + "b", "c", "neutral")], tokenizer, 16
    )
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300 * 2**10  # in KiB
    assert [len(ids) for ids in rows["input_ids"]] == [16, 16]
    short = TASKS["xnli"].encode([("x" * 400, "x" * 400, "neutral"), ("a " * 90, "c", "neutral")], tokenizer, 16)
    assert rows["input_ids"][:] == short["input_ids"][:]


def test_token_types_reach_encoders_that_have_them(tmp_path: Path) -> None:
    from transformers import BertTokenizer

    words = tmp_path / "vocab.txt"
    words.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b"]), encoding="utf-8")
    rows = task_named("pawsx").encode([("a", "b", "1")], BertTokenizer(str(words)), 16)
    assert rows["token_type_ids"][0] == [0, 0, 0, 1, 1]


@pytest.mark.parametrize(
    ("task", "line", "message"),
    [
        ("xnli", "one\ttwo\n", r"test-de\.tsv:1: expected 'text<TAB>text<TAB>label', found 2 columns: 'one\\ttwo'"),
        ("xnli", "one\ttwo\tneutral\tfour\n", r"found 4 columns"),
        (
            "xnli",
            "a\tb\tneutral\n\nc\td\tentailed\n",
            r"test-de\.tsv:3: label: there is no 'entailed'\. Did you mean 'entailment'\?",
        ),
        ("pawsx", "a\tb\t2\n", r"test-de\.tsv:1: label: there is no '2'\. Known: 0, 1"),
        ("pawsx", "\n", r"test-de\.tsv: the file has no pairs"),
        ("panx", "Paris\tLOC\n", r"test-de\.tsv:1: tag: there is no 'LOC'\. Did you mean '.-LOC'"),
    ],
)
def test_malformed_files_are_named_with_their_line(tmp_path: Path, task: str, line: str, message: str) -> None:
    place = folder_of(tmp_path, task, **{"test-de": line})
    with pytest.raises(UserError, match=message):
        reading.examples(Origin(task, place), "test", "de")


def test_wikianns_raw_words_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "test-de.tsv"
    file.write_text("de:Angela\tB-PER\nde:wohnt\tO\n\nde::\tO\n", encoding="utf-8")
    with pytest.raises(
        UserError, match=r"test-de.tsv: every word begins with 'de:', as in WikiANN's raw files; cut it"
    ):
        task_named("panx").read(file)
    file.write_text("de:Angela\tB-PER\nwohnt\tO\n", encoding="utf-8")
    assert task_named("panx").read(file) == [(("de:Angela", "wohnt"), ("B-PER", "O"))]


def test_languages_by_name() -> None:
    assert len(task_named("xnli").selection("paper")) == 13  # XNLI has no Japanese
    assert len(task_named("panx").selection("paper")) == 14
    assert {name: len(task_named(name).selection("xtreme")) for name, task in TASKS.items() if task.xtreme} == {
        "xnli": 15,
        "panx": 40,
        "udpos": 33,
        "pawsx": 7,
        "xquad": 11,
        "mlqa": 7,
        "tydiqa": 9,
    }
    study = Study(name="s", task="xnli", methods=(L2(strength=1),), settings=(SHORT,), seeds=(0,), targets="xtreme")  # type: ignore[arg-type]
    assert "en" not in study.targets
    assert len(study.targets) == 14
    with pytest.raises(UserError, match=r"targets: there is no 'papers'\. Did you mean 'paper'"):
        replace(study, targets="papers")  # type: ignore[arg-type]


@pytest.mark.parametrize(("task", "language"), [("xnli", "ja"), ("pawsx", "hi"), ("panx", "wo"), ("udpos", "sw")])
def test_a_language_that_the_task_lacks(task: str, language: str) -> None:
    with pytest.raises(UserError, match=f"targets of task {task}: there is no '{language}'"):
        Study(name="s", task=task, methods=(L2(strength=1),), settings=(SHORT,), seeds=(0,), targets=(language,))


def test_a_task_that_is_not_embedded() -> None:
    with pytest.raises(
        UserError,
        match=r"data: 'embedded' is not allowed; give a folder or 'hub' for the task 'xnli'; only pawsx, udpos",
    ):
        reading.examples(Origin("xnli", "embedded"), "train", "en")


def test_ewc_on_pairs(cut: Path, encoder: str, tmp_path: Path) -> None:
    """The masked-language-model loss does not use the pooler: F is zero there, and all other weights are pulled."""
    study = Study(
        name="s",
        task="pawsx",
        methods=(Ewc(strength=10.0, examples=2),),
        settings=(SHORT,),
        seeds=(0,),
        targets=("de",),
        data=str(cut),
        encoder=encoder,
        precision="fp32",
    )
    config: TrialConfig = plan(study)[0]
    assert run_trial(config, cache=tmp_path).history[-1]["penalty"] > 0
