"""The four tasks: files, metrics against seqeval and scikit-learn, labels on sub-words, selections of languages, a user's own task."""

import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics import f1_score
from sklearn.metrics import accuracy_score

from harness import cli, data, encoders, models
from harness.data import Origin
from harness.errors import UserError
from harness.methods import L2, Ewc
from harness.plan import plan
from harness.store import Store
from harness.study import Setting, Study, TrialConfig
from harness.tasks import TASKS, task_named
from harness.trial import run_trial
from tests.conftest import SHORT

LINES = {
    "udpos": "Dogs\tNOUN\nbark\tVERB\n.\tPUNCT\n\nCats\tNOUN\nsleep\tVERB\n",
    "panx": "Marie\tB-PER\nCurie\tI-PER\nin\tO\nParis\tB-LOC\n\nUN\tB-ORG\nmet\tO\n",
    "xnli": "Dogs bark.\tAnimals make noise.\tentailment\nDogs bark.\tIt rains.\tneutral\nDogs bark.\tAll is quiet.\tcontradiction\n",
    "pawsx": "Ann saw Bob .\tBob saw Ann .\t0\nAnn met Bob .\tBob met Ann .\t1\n",
}


def folder_of(tmp_path: Path, task: str, **files: str) -> str:
    """A hand-made data folder in XTREME's layout: the same few lines in every file, unless told otherwise."""
    folder = tmp_path / "data" / task
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("train-en", "dev-en", "test-en", "test-de"):
        (folder / f"{name}.tsv").write_text(files.get(name, LINES[task]), encoding="utf-8")
    return str(folder.parent)


@pytest.mark.parametrize("name", TASKS)
def test_a_task_trains_and_its_scores_are_those_of_its_stored_predictions(name: str, tmp_path: Path) -> None:
    """Every score of a record, by seqeval and scikit-learn, from the labels that the store has."""
    study = Study(
        name=name,
        task=name,
        methods=(L2(strength=0.1),),
        settings=(SHORT,),
        seeds=(0,),
        targets=("de",),
        data="embedded" if name in ("udpos", "pawsx") else folder_of(tmp_path, name),
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
        scores = record["scores"][split][language]
        flat = [[label for row in rows for label in row] for rows in (gold, guess)]
        assert scores["accuracy"] == pytest.approx(100 * accuracy_score(*flat))
        if name in ("udpos", "panx"):
            import warnings

            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)
                assert scores["f1"] == pytest.approx(100 * f1_score(gold, guess, zero_division=0))
        assert record["metric"] == ("f1" if name in ("udpos", "panx") else "accuracy")
        assert record["zero_shot"] == record["scores"]["test"]["de"][record["metric"]]


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
    assert found["accuracy"] == pytest.approx(100 * 4 / 6)  # a word without prediction is an error, also where it is no entity


def test_pairs_as_the_encoder_reads_them() -> None:
    tokenizer = models.tokenizer(encoders.find("embedded"))
    task = task_named("pawsx")
    rows = task.encode([("a dog", "the cat sat down", "1"), ("x " * 40, "y", "0")], tokenizer, 16)
    assert rows["input_ids"][0] == tokenizer("a dog", "the cat sat down")["input_ids"]
    assert rows["labels"][:] == [1, 0]
    assert len(rows["input_ids"][1]) == 16
    # The longer text is the one that is cut.
    assert rows["input_ids"][1][-3:] == tokenizer("", "y")["input_ids"][-3:]
    assert task.gather([[1], [0]], rows, [0, 0]) == [[0], [0]]


def test_pairs_without_end_take_no_more_memory_than_others() -> None:
    tokenizer = models.tokenizer(encoders.find("embedded"))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rows = TASKS["xnli"].encode([("x" * 2000, "x" * 2000, "neutral"), ("a " * 900 + "b", "c", "neutral")], tokenizer, 16)
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
        ("xnli", "a\tb\tneutral\n\nc\td\tentailed\n", r"test-de\.tsv:3: label: there is no 'entailed'\. Did you mean 'entailment'\?"),
        ("pawsx", "a\tb\t2\n", r"test-de\.tsv:1: label: there is no '2'\. Known: 0, 1"),
        ("pawsx", "\n", r"test-de\.tsv: the file has no pairs"),
        ("panx", "Paris\tLOC\n", r"test-de\.tsv:1: tag: there is no 'LOC'\. Did you mean '.-LOC'"),
    ],
)
def test_malformed_files_are_named_with_their_line(tmp_path: Path, task: str, line: str, message: str) -> None:
    place = folder_of(tmp_path, task, **{"test-de": line})
    with pytest.raises(UserError, match=message):
        data.examples(Origin(task, place), "test", "de")


def test_languages_by_name() -> None:
    assert len(task_named("xnli").selection("paper")) == 13  # XNLI has no Japanese
    assert len(task_named("panx").selection("paper")) == 14
    assert {name: len(task_named(name).selection("xtreme")) for name in TASKS} == {"xnli": 15, "panx": 40, "udpos": 33, "pawsx": 7}
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
        UserError, match=r"data: 'embedded' is not allowed; give a directory or 'hub' for the task 'xnli'; only pawsx, udpos"
    ):
        data.examples(Origin("xnli", "embedded"), "train", "en")


OWN = '''
from harness.tasks import PairTask


class Echo(PairTask):
    """Whether the second text repeats the first."""

    name = "echo"
    languages = ("en", "de", "sw")
    labels = ("no", "yes")


TASK = Echo()
'''
OWN_STUDY = """
task: {task}
data: {data}
methods: [vanilla, {{name: l2, strength: 0.1}}]
settings: [{{learning_rate: 1e-3, max_steps: 2, batch_size: 4}}]
seeds: [0]
targets: all
"""


@pytest.fixture
def own_task(tmp_path: Path) -> Callable[[], Study]:
    """A user's task file and its data; makes the study that names them."""
    task = tmp_path / "echo.py"
    task.write_text(OWN, encoding="utf-8")
    folder = tmp_path / "data" / "echo"
    folder.mkdir(parents=True)
    for name in ("train-en", "dev-en", "test-en", "test-de", "test-sw"):
        (folder / f"{name}.tsv").write_text("a b\ta b\tyes\na b\tb c\tno\n" * 4, encoding="utf-8")
    (tmp_path / "own.yaml").write_text(OWN_STUDY.format(task=task, data=tmp_path / "data"), encoding="utf-8")

    def load() -> Study:
        import search_spaces

        return search_spaces.load(str(tmp_path / "own.yaml"))

    return load


def test_a_users_own_task_runs_by_way_of_the_command_line(own_task: Callable[[], Study], tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    command = [sys.executable, "-m", "harness.cli", "run", str(tmp_path / "own.yaml"), "--local", "--store", store]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    record = Store(store).record(plan(own_task())[0].id)
    assert record is not None
    assert set(record["scores"]["test"]) == {"en", "de", "sw"}
    (tmp_path / "echo.py").unlink()  # the report does without
    assert cli.main(["report", "own", "--store", store]) == 0


def test_an_edited_task_is_the_new_one_in_the_same_process(own_task: Callable[[], Study], tmp_path: Path) -> None:
    first = run_trial(plan(own_task())[0], cache=tmp_path)
    (tmp_path / "echo.py").write_text(OWN.replace('"no", "yes"', '"maybe", "yes", "no"'), encoding="utf-8")
    second = run_trial(plan(own_task())[0], cache=tmp_path)
    assert {label for part in first.scored for row in part.gold for label in row} == {0, 1}
    assert {label for part in second.scored for row in part.gold for label in row} == {1, 2}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("def read(self, file):\n        return 1 / 0", r"train examples of the task 'echo' in 'en' cannot be read: ZeroDivisionError"),
        ("def read(self, file):\n        yield 1 / 0", r"examples of the task 'echo' in 'en' cannot be read: ZeroDivisionError"),
        ("def read(self, file):\n        return [file]", r"examples of the task 'echo' in 'en' cannot be read: TypeError"),
        ("def scores(self, gold, predicted):\n        return {'accuracy': float('nan')}", r"the scores of 'echo' lack a finite 'accuracy'"),
        ("metric = 'mcc'", r"the scores of 'echo' lack a finite 'mcc'"),
        ("auto_model = 'AutoModelForNothing'", r"encoder: the weights, as AutoModelForNothing, of .* cannot be loaded"),
    ],
)
def test_a_task_that_breaks(own_task: Callable[[], Study], tmp_path: Path, more: str, message: str) -> None:
    (tmp_path / "echo.py").write_text(OWN.replace("\n\n\nTASK", f"\n    {more}\n\n\nTASK"), encoding="utf-8")
    with pytest.raises(UserError, match=message):
        run_trial(plan(own_task())[0], cache=tmp_path)


def test_other_code_is_another_trial(own_task: Callable[[], Study], tmp_path: Path) -> None:
    config = plan(own_task())[0]
    assert plan(own_task())[0].id == config.id
    moved = tmp_path / "elsewhere.py"
    moved.write_text(OWN, encoding="utf-8")
    assert plan(replace(own_task(), task=str(moved)))[0].id == config.id
    (tmp_path / "echo.py").write_text(OWN + "# changed\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"task: .*echo\.py changed since the study was planned"):
        run_trial(config, cache=tmp_path)
    assert plan(own_task())[0].id != config.id


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("TASK = 3\n", r"echo\.py: it must define TASK, a harness\.tasks\.base\.Task, or a function task\(\) that returns one; it has int"),
        ("import nothing_there\n", r"echo\.py:1: ModuleNotFoundError"),
        (OWN.replace('"echo"', '"xnli"'), r"TASK\.name: 'xnli' is not allowed; give another name than those of steadytune's own"),
        (OWN.replace('"echo"', '"../echo"'), r"TASK\.name: '\.\./echo' is not allowed"),
        (OWN.replace('    name = "echo"\n', ""), r"echo\.py: TASK lacks 'name'"),
        (OWN.replace('    labels = ("no", "yes")\n', ""), r"echo\.py: TASK lacks 'labels'"),
        (OWN.replace('("no", "yes")', '("no", "no")'), r"TASK\.labels: 'no' is not allowed; give each entry once"),
        (OWN.replace('("no", "yes")', "(0, 1)"), r"TASK\.labels: \(0, 1\) is not allowed; give a tuple of text"),
        (OWN.replace('("no", "yes")', '("no",)'), r"TASK\.labels: .* give at least two"),
        (OWN.replace('("en", "de", "sw")', '("en", "German")'), r"TASK\.languages: 'German' is not allowed"),
        (OWN.replace('"sw")', '"sw")\n    oops'), r"echo\.py:\d+: NameError"),
    ],
)
def test_a_task_file_that_does_not_do(own_task: Callable[[], Study], tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "echo.py").write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=message):
        own_task()


def test_ewc_on_pairs(tmp_path: Path) -> None:
    """A pooler has no part in the masked-language-model loss: F is zero there, and the rest is pulled."""
    study = Study(
        name="s",
        task="pawsx",
        methods=(Ewc(strength=10.0, examples=2),),
        settings=(SHORT,),
        seeds=(0,),
        targets=("de",),
        precision="fp32",
    )
    config: TrialConfig = plan(study)[0]
    assert run_trial(config, cache=tmp_path).history[-1]["penalty"] > 0


@pytest.mark.slow
def test_pairs_are_learnt_and_carry_over(own_task: Callable[[], Study], tmp_path: Path) -> None:
    """Real sentences, twice the same or two of them: easy to learn in English, and seen in German as well."""
    for name in ("train-en", "dev-en", "test-en", "test-de", "test-sw"):
        split, language = name.replace("sw", "fr").split("-")
        texts = [pair[:2] for pair in data.examples(Origin("pawsx", "embedded"), split, language).rows]
        texts = texts if split == "train" else texts[:100]
        # Every other pair is a paraphrase or nearly, the rest have another pair's second text.
        pairs = [(a, b if i % 2 else texts[(7 * i + 3) % len(texts)][1], "yes" if i % 2 else "no") for i, (a, b) in enumerate(texts)]
        lines = "".join("\t".join(pair) + "\n" for pair in pairs)
        (tmp_path / "data" / "echo" / f"{name}.tsv").write_text(lines, encoding="utf-8")
    setting = Setting(learning_rate=3e-4, warmup_steps=10, max_steps=50, batch_size=16, max_length=32)
    scores = run_trial(plan(replace(own_task(), methods=(L2(strength=0.01),), settings=(setting,)))[0], cache=tmp_path).record["scores"]
    assert scores["test"]["en"]["accuracy"] > 90
    assert scores["test"]["de"]["accuracy"] > 75
