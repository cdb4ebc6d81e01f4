"""The same examples in any format give the same trials."""

from pathlib import Path

import pytest

from harness.common.errors import UserError
from harness.data import readers, reading
from harness.data.origin import Origin
from harness.execution.plan import plan
from harness.methods import Vanilla
from harness.study import DataFiles, Study
from harness.study.own_data import OwnData
from harness.tasks.own.text import OwnText
from tests.helpers.own_data import Row, topics, written
from tests.helpers.studies import SHORT

ENDS = (".csv", ".tsv", ".jsonl", ".parquet", "", ".csv.gz", ".jsonl.zst", ".parquet.zst", ".tsv.gz")
HARD: list[Row] = [
    {"sentence": 'She said "no", twice;\tthen\nleft', "topic": 1},
    {"sentence": "NA", "topic": 2},
    {"sentence": "2020-01-01", "topic": 1},
    {"sentence": "नमस्ते, 世界\u2028🙂", "topic": 2},
]


def study_of(data: OwnData, encoder: str) -> Study:
    return Study(
        name="own",
        task=OwnText(text=("sentence",), label="topic", metric="macro_f1"),
        data=data,
        methods=(Vanilla(),),
        settings=(SHORT,),
        seeds=(0,),
        targets=("de",),
        encoder=encoder,
        precision="fp32",
    )


def files(folder: Path, end: str) -> DataFiles:
    """Sentences of the three files with a given file ending."""
    parts = {"train-en": 20, "dev-en": 10, "test-en": 10, "test-de": 10}
    made = {name: written(topics(*name.split("-"), count), folder / f"{name}{end}") for name, count in parts.items()}
    return DataFiles(
        train={"en": made["train-en"]},
        dev={"en": made["dev-en"]},
        test={"en": made["test-en"], "de": made["test-de"]},
    )


def test_every_format_has_the_same_ids(tmp_path: Path, encoder: str) -> None:
    ids = {
        end: [trial.id for trial in plan(study_of(files(tmp_path / f"x{end}", end), encoder))]
        for end in folders(tmp_path)
    }
    assert len({tuple(trials) for trials in ids.values()}) == 1


def folders(tmp_path: Path) -> tuple[str, ...]:
    for end in ENDS:
        (tmp_path / f"x{end}").mkdir()
    return ENDS


def test_a_pattern_is_the_same_as_a_list_of_files(tmp_path: Path, encoder: str) -> None:
    listed = files(tmp_path, ".csv")
    for split in ("train", "dev", "test"):
        (tmp_path / split).mkdir()
        for language, file in getattr(listed, split).items():
            Path(file).rename(tmp_path / split / f"{language}.csv")
    (tmp_path / "dev").rename(tmp_path / "validation")
    found = plan(study_of(f"{tmp_path}/{{split}}/{{language}}.csv", encoder))
    other = tmp_path / "other"
    other.mkdir()
    assert [trial.id for trial in found] == [trial.id for trial in plan(study_of(files(other, ".jsonl"), encoder))]


@pytest.mark.parametrize("end", ENDS)
def test_difficult_cells_are_read_unchanged(tmp_path: Path, end: str) -> None:
    file = written(HARD, tmp_path / f"hard{end}")
    origin = Origin(
        OwnText(text=("sentence",), label="topic"), DataFiles(train={"en": file}, dev={"en": file}, test={"en": file})
    )
    assert reading.examples(origin, "train", "en").rows == (
        ('She said "no", twice; then left', "1"),
        ("NA", "2"),
        ("2020-01-01", "1"),
        ("नमस्ते, 世界 🙂", "2"),
    )


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"sentence,topic\na,b,c\n", "a.csv:2: 3 cells in 2 columns; put a text with a comma into "),
        ("a.csv", b"", "a.csv: the file is empty; its first line has the names"),
        (
            "a.csv",
            "sentence,topic\nä,b\n".encode("latin-1"),
            "a.csv:2: not UTF-8 text (invalid continuation byte at byte 15)",
        ),
        ("a.jsonl", b'{"a": 1}\n{"a": \n', "a.jsonl:2: not readable as JSON: "),
        ("a.jsonl", b"[1]\n", "a.jsonl:1: expected a JSON object, found '[1]'"),
        ("a.parquet", b"PAR1", "a.parquet: cannot be read as Parquet: "),
        ("a.csv.gz", b"sentence", "a.csv.gz: cannot be read as gzip: "),
        (
            "a.xlsx",
            b"",
            "a.xlsx' is not allowed; give a file whose name ends in .csv, .tsv, .jsonl, .parquet",
        ),
    ],
)
def test_an_unreadable_file_gives_one_message(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError) as error:
        readers.read(tmp_path / name)
    assert message in str(error.value)
