"""A task of tagged words on a user's own sentences, from columns to scores."""

import json
from pathlib import Path

import pytest
from seqeval.metrics import f1_score
from sklearn.metrics import f1_score as of_labels

from harness.common.errors import UserError
from harness.data import reading
from harness.data.origin import Origin
from harness.execution.plan import plan
from harness.methods import Vanilla
from harness.study import DataFiles, Study
from harness.tasks.own.token import OwnToken
from harness.training.trial import run_trial
from tests.helpers.own_data import tagged, written
from tests.helpers.studies import SHORT

TAGS = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")


def files(folder: Path, end: str, rename: str = "tags") -> DataFiles:
    made = {}
    for name, count in {"train-en": 40, "dev-en": 10, "test-en": 15, "test-de": 15}.items():
        rows = [{"words": row["words"], rename: row["tags"]} for row in tagged(*name.split("-"), count)]
        made[name] = written(rows, folder / f"{name}{end}")
    return DataFiles(
        train={"en": made["train-en"]}, dev={"en": made["dev-en"]}, test={"en": made["test-en"], "de": made["test-de"]}
    )


def study_of(task: OwnToken, data: DataFiles, encoder: str) -> Study:
    return Study(
        name="tags",
        task=task,
        data=data,
        methods=(Vanilla(),),
        settings=(SHORT,),
        seeds=(0,),
        targets=("de",),
        encoder=encoder,
        precision="fp32",
    )


def test_every_format_has_the_same_ids_and_scores_are_seqevals(tmp_path: Path, encoder: str) -> None:
    ids = {}
    for end in (".jsonl", ".parquet", ".parquet.gz", ""):
        (tmp_path / f"x{end}").mkdir()
        column = "upos" if end == ".parquet" else "tags"
        task = OwnToken(tags=column)
        (trial,) = plan(study_of(task, files(tmp_path / f"x{end}", end, column), encoder))
        ids[end] = trial
    assert len({trial.id for trial in ids.values()}) == 1
    trial = ids[".jsonl"]
    result = run_trial(trial, cache=tmp_path / "cache")
    assert trial.own_task is not None
    names = trial.own_task.labels
    assert names == ("B-NAME", "I-NAME", "O")
    for part in result.scored:
        gold, predicted = ([[names[i] for i in row] for row in rows] for rows in (part.gold, part.predicted))
        assert part.score.metrics["f1"] == pytest.approx(100 * f1_score(gold, predicted, zero_division=0))
        assert part.score.label_counts is not None


def test_a_metric_of_labels_is_that_of_all_words() -> None:
    task = OwnToken(labels=TAGS, metric="macro_f1")
    gold, predicted = [[1, 2, 0], [3]], [[1, 0, 0], [-1]]
    flat = of_labels(["B-PER", "I-PER", "O", "B-LOC"], ["B-PER", "O", "O", "O"], average="macro", zero_division=0)
    assert task.scores(gold, predicted) == {"macro_f1": pytest.approx(100 * flat), "accuracy": 50.0}


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (
            ("a b", "O O"),
            "a.csv: row 2: words: 'a b' is not allowed; give a list that is not empty; CSV and TSV files",
        ),
        ((["a"], []), "a.csv: row 2: tags: [] is not allowed; give a list that is not empty"),
        ((["a", "b"], ["O"]), "a.csv: row 2: 2 words in 'words' and 1 tags in 'tags'"),
        ((["a", " "], ["O", "O"]), "a.csv: row 2: words: ' ' is not allowed; give words that are text and not empty"),
        ((["a"], [None]), "a.csv: row 2: tags: None is not allowed; give tags: text or whole numbers"),
        ((["a"], ["B-PERS"]), "a.csv: row 2: tags: there is no 'B-PERS'. Did you mean 'B-PER'?"),
    ],
)
def test_what_is_no_tagged_sentence_is_refused(cells: tuple[object, object], message: str) -> None:
    with pytest.raises(UserError) as error:
        OwnToken(labels=TAGS).example(cells, "a.csv: row 2")
    assert message in str(error.value)


def test_class_ids_of_a_saved_data_set_become_their_names(tmp_path: Path) -> None:
    from datasets import ClassLabel, Dataset, DatasetDict, Features, List, Value

    features = Features({"words": List(Value("string")), "tags": List(ClassLabel(names=list(TAGS)))})
    rows = Dataset.from_dict({"words": [["Ann", "left"]], "tags": [[1, 0]]}, features=features)
    DatasetDict({"train": rows, "validation": rows, "test": rows}).save_to_disk(tmp_path / "de")
    origin = Origin(OwnToken(labels=TAGS), f"{tmp_path}/{{language}}")
    for split in ("train", "dev", "test"):
        assert reading.examples(origin, split, "de").rows == ((("Ann", "left"), ("B-PER", "O")),)


def test_conll_files_are_the_same_trials_and_say_what_is_converted(tmp_path: Path, encoder: str) -> None:
    """CoNLL-2003 in IOB1, CoNLL-U with the tags in its last column, and BIOES as JSON lines."""
    plain = files(tmp_path, ".jsonl")
    expected = plan(study_of(OwnToken(), plain, encoder))[0].id
    for end, column, scheme in ((".conll", "ner", "IOB1"), (".conllu", "misc", ""), (".jsonl", "tags", "BIOES")):
        folder = tmp_path / f"x{end}"
        folder.mkdir()
        data = DataFiles(
            **{
                part: {code: rewritten(of, folder) for code, of in made.items()}
                for part, made in plain.to_json().items()
            }
        )
        study = study_of(OwnToken(tags=column), data, encoder)
        (trial,) = plan(study)
        assert trial.id == expected
        notes = reading.examples(Origin.of(trial), "test", "de").notes
        assert notes == ((f"{folder}/test-de{end}: tags in {scheme} are read as IOB2.",) if scheme else ())


def rewritten(file: str, folder: Path) -> str:
    """The sentences of a JSON lines file, rewritten in the layout that the folder is named after."""
    end = folder.suffix
    blocks = []
    for row in map(json.loads, Path(file).read_text(encoding="utf-8").splitlines()):
        pairs = [*zip(row["words"], row["tags"], strict=True)]
        if end == ".conll":
            lines = [f"{word} X X {tag.replace('B-', 'I-')}" for word, tag in pairs]
        elif end == ".conllu":
            lines = ["\t".join([str(at), word, *"_______", tag]) for at, (word, tag) in enumerate(pairs, 1)]
        else:
            after = [*row["tags"][1:], "O"]
            ends = [tag[0] + ("" if next_[0] == "I" else "!") for tag, next_ in zip(row["tags"], after, strict=True)]
            marks = [
                {"B!": "S", "I!": "E"}.get(mark, mark[0]) + tag[1:] for mark, tag in zip(ends, row["tags"], strict=True)
            ]
            lines = [json.dumps({"words": row["words"], "tags": marks})]
        blocks.append("\n".join(lines))
    made = folder / f"{Path(file).stem}{end}"
    made.write_text(("\n" if end == ".jsonl" else "\n\n").join(blocks) + "\n", encoding="utf-8")
    return str(made)
