"""Random files and options: each is read correctly, or one message names the fault."""

import copy
import csv
import io
import json
import math
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd
import pytest
import yaml
from hypothesis import strategies as st

import search_spaces
from analysis.results import from_csv
from analysis.results.csv_files import safe as csv_safe
from analysis.results.from_store import load
from analysis.results.tidy import tidy
from harness.cli.main import main
from harness.cli.overrides import OF_STUDY, scaled
from harness.common import fields
from harness.common.errors import UserError
from harness.encoders import loading, pinning
from harness.setting import Setting
from harness.store import record_json
from harness.store.record import Record, covers
from harness.store.store import Store
from harness.study import Study, TrialConfig
from harness.tasks import TASKS, PairTask, TokenTask
from harness.tuning.journal import ENDED, SearchTrial, read
from tests.helpers import synthetic
from tests.helpers.examples import examples
from tests.helpers.fuzzing import (
    CASES,
    CHANCES,
    OWN,
    SCALARS,
    STUDIES,
    TEXTS,
    VALUES,
    check_message,
    check_study,
    fuzzed,
    mutated,
    same,
    torn,
)
from tests.helpers.stores import result
from tests.helpers.studies import CONFIG
from tests.helpers.tables import MIN

pytestmark = pytest.mark.slow
ENOUGH = 10_000


@fuzzed(2400, chance=CHANCES, new=VALUES)
def test_studies(chance: Random, new: Any) -> None:
    CASES["studies"] += 1
    try:
        study = Study.from_json(mutated(chance.choice(STUDIES), chance, new))
    except UserError as error:
        check_message(error)
        return
    check_study(study)


@fuzzed(
    1000,
    seconds=5,
    chance=CHANCES,
    raw=st.one_of(st.none(), st.none(), st.binary(max_size=60), st.text(max_size=60).map(str.encode)),
)
def test_study_files(chance: Random, raw: bytes | None, tmp_path: Path) -> None:
    CASES["study files"] += 1
    file = tmp_path / "own.yaml"
    whole = yaml.safe_dump(chance.choice(STUDIES)).encode()
    file.write_bytes(raw if raw is not None else torn(whole, chance))
    try:
        study = search_spaces.load(str(file))
    except UserError as error:
        check_message(error)
        return
    check_study(study)


@fuzzed(50, seconds=20, chance=CHANCES, new=VALUES)
def test_the_command_line_ends_with_one_message(
    chance: Random, new: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    CASES["command line"] += 1
    file = tmp_path / "own.yaml"
    study = mutated(chance.choice(STUDIES), chance, new)
    try:
        file.write_text(yaml.safe_dump(study), encoding="utf-8", errors="backslashreplace")
    except (yaml.YAMLError, ValueError):
        file.write_bytes(b"")
    command = chance.choice(
        (
            ["show"],
            ["run", "--dry-run"],
            ["search", "--dry-run"],
            ["report"],
            ["run", "--local", "--cpus-per-trial", "0"],
        )
    )
    if command[0] == "run" and "0" not in command:
        command = ["show", "--seeds", str(chance.choice(TEXTS)).replace("\0", ""), "--languages", "de"]
    code = main([command[0], str(file), *command[1:], "--store", str(tmp_path / "store")])
    captured = capsys.readouterr()
    assert code in (0, 2)
    assert captured.err.count("\n") == (code == 2)
    assert "Traceback" not in captured.err + captured.out
    assert not (tmp_path / "store").exists()


FIELDS = (
    *OF_STUDY,
    *Setting.__dataclass_fields__,
    "l2.strength",
    "ewc.examples",
    "ewc.text",
    "ewc.languages",
    "lora.rank",
    "lora.modules",
    "x",
    "targets",
    "",
)
WORDS = st.one_of(
    st.sampled_from(TEXTS),
    st.text(max_size=12),
    SCALARS.map(str),
    st.from_regex(r"[-+]?[0-9]{1,4}(\.[0-9]{1,2})?(e[-+]?[0-9]{1,3})?[x%]?", fullmatch=True),
)


@fuzzed(
    1500,
    name=st.sampled_from(FIELDS),
    text=WORDS,
    seeds=st.one_of(st.none(), st.none(), st.lists(WORDS, min_size=1, max_size=2)),
)
def test_options_that_scale_a_study(name: str, text: str, seeds: list[str] | None) -> None:
    CASES["options"] += 1
    study = Study.from_json(OWN)
    try:
        made, _ = scaled(study, changes=[f"{name}={text}"], seeds=seeds)
    except UserError as error:
        check_message(error)
        return
    check_study(made)
    assert made.name == study.name


# Tables of results


HEADER = [
    *MIN.splitlines()[0].split(","),
    "setting",
    "metric",
    "status",
    "split",
    "examples",
    "learning_rate",
    "setting.x",
]
CELLS = [
    [*row.split(","), f"s{i // 4}", "f1", "finished", "test", "9", "0.1" if i < 4 else "0.2", "a"]
    for i, row in enumerate(MIN.splitlines()[1:])
]


@fuzzed(200, seconds=5, chance=CHANCES, new=st.one_of(WORDS, WORDS, st.just(None)))
def test_tables_of_results(chance: Random, new: str | None, tmp_path: Path) -> None:
    CASES["tables"] += 1
    rows = copy.deepcopy([HEADER, *CELLS])
    file = tmp_path / "runs.csv"
    if new is None:
        content = torn("\n".join(map(",".join, rows)).encode(), chance)
    else:
        for _ in range(chance.choice((1, 1, 2, 4))):
            row = chance.choice(rows)
            row[chance.randrange(len(row))] = new
        if chance.random() < 0.1:
            chance.choice(rows).append(new)
        sink = io.StringIO()
        csv.writer(sink, lineterminator="\n").writerows(rows)
        content = sink.getvalue().encode(errors="surrogatepass")
    file.write_bytes(content)
    try:
        results = from_csv.read(str(file))
    except UserError as error:
        check_message(error)
        return
    assert results.test["score"].map(math.isfinite).all()
    csv_safe.write(tidy(results), file)
    again = from_csv.read(str(file))
    pd.testing.assert_frame_equal(again.wide, results.wide)
    pd.testing.assert_frame_equal(again.runs, results.runs, check_dtype=False)


# Stores


RECORD = {
    **json.loads(json.dumps(record_json.to_json(result().record))),
    "finished": "2026",
    "predictions": "predictions-a.parquet",
    "history": "history-a.parquet",
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store of a made-up study, and beside it one trial."""
    made = synthetic.study(2, rates=2, seeds=1)
    found = synthetic.store(tmp_path_factory.mktemp("fuzz") / "store", made)
    Path(found.root, "trials", CONFIG.id).mkdir()
    return found


def known(written: Any, read: Any) -> Any:
    """The part of the written keys that was read: other versions write other keys."""
    if isinstance(written, dict) and isinstance(read, dict):
        return {key: known(written[key], read[key]) for key in written.keys() & read.keys()}
    return float(written) if isinstance(written, int) and isinstance(read, float) else written


def check_record(found: Record | None, written: Any) -> None:
    """Check that an accepted record agrees with the file, has every requested number, and names no path elsewhere."""
    if found is None:
        return
    read = json.loads(json.dumps(record_json.to_json(found)))
    assert same(read, known(written, read))
    assert {key for key in written.keys() & RECORD.keys() if written[key] not in (None, "")} <= read.keys()
    assert found.id == CONFIG.id
    for split, languages in found.scores.splits():
        assert languages.keys() == written["scores"][split].keys()
        for language, score in languages.items():
            assert fields.LANGUAGE.fullmatch(language)
            assert isinstance(score.metrics[found.metric], float)
    assert all("/" not in name and ".." not in name for name in found.files().values())


@fuzzed(1600, chance=CHANCES, new=VALUES)
def test_records(chance: Random, new: Any, store: Store) -> None:
    CASES["records"] += 1
    written = mutated(RECORD, chance, new)
    Path(store.root, "trials", CONFIG.id, "result.json").write_text(json.dumps(written), encoding="utf-8")
    found = store.record(CONFIG.id)
    check_record(found, written)
    standing = store.standing([CONFIG])
    assert (CONFIG.id in standing.finished) == covers(store.record_of(CONFIG), CONFIG)


@fuzzed(800, chance=CHANCES)
def test_torn_records(chance: Random, store: Store) -> None:
    CASES["torn records"] += 1
    content = torn(json.dumps(RECORD).encode(), chance)
    Path(store.root, "trials", CONFIG.id, "result.json").write_bytes(content)
    found = store.record(CONFIG.id)
    check_record(found, json.loads(content) if found is not None else None)
    store.standing([CONFIG])


@fuzzed(600, chance=CHANCES, new=VALUES, torn_=st.booleans())
def test_failures_and_stops(chance: Random, new: Any, torn_: bool, store: Store) -> None:
    CASES["failures and stops"] += 1
    written = {"error": "OSError: x", "traceback": "Traceback", "time": "2026"}
    content = (
        torn(json.dumps(written).encode(), chance) if torn_ else json.dumps(mutated(written, chance, new)).encode()
    )
    for name in ("failure.json", "stopped.json"):
        Path(store.root, "trials", CONFIG.id, name).write_bytes(content)
    found = store.failure(CONFIG.id)
    assert found is None or all(isinstance(text, str) for text in vars(found).values())
    assert isinstance(store.stopped(CONFIG.id), dict | None)


@fuzzed(600, seconds=5, chance=CHANCES, new=VALUES)
def test_stored_studies(chance: Random, new: Any, store: Store) -> None:
    CASES["stored studies"] += 1
    file = Path(store.root, "studies", "synthetic.json")
    whole = file.with_suffix(".whole")
    if not whole.exists():
        whole.write_bytes(file.read_bytes())
    known = json.loads(whole.read_bytes())
    known["trials"] = known["trials"][:2]
    content = (
        torn(json.dumps(known).encode(), chance)
        if chance.random() < 0.3
        else json.dumps(mutated(known, chance, new)).encode()
    )
    file.write_bytes(content)
    try:
        study, trials = store.study("synthetic")
    except UserError as error:
        check_message(error)
        return
    check_study(study)
    assert study.name == "synthetic"
    said = json.loads(content)
    assert [trial.id for trial in trials] == [trial["id"] for trial in said["trials"]]
    assert [TrialConfig.from_json(json.loads(json.dumps(trial.to_json()))).id for trial in trials] == [
        trial.id for trial in trials
    ]
    try:
        load(store, "synthetic")
    except UserError as error:
        check_message(error)


@fuzzed(60, seconds=5, chance=CHANCES, new=VALUES)
def test_results_of_a_store(chance: Random, new: Any, tmp_path: Path) -> None:
    CASES["results of a store"] += 1
    made = synthetic.study(2, rates=2, seeds=1, methods=synthetic.METHODS[:2])
    if not (tmp_path / "store").exists():
        synthetic.store(tmp_path / "store", made, histories=False)
    store = Store(tmp_path / "store", create=False)
    _, trials = store.study(made.name)
    trial = trials[chance.randrange(3)]
    file = Path(store.root, "trials", trial.id, "result.json")
    whole = file.read_bytes()
    written = mutated(json.loads(whole), chance, new)
    file.write_text(json.dumps(written), encoding="utf-8")
    try:
        results = load(store, made.name)
        tidy(results)
        assert len(results.trials) == len(trials)
        for row in results.test[results.test["trial"] == trial.id].itertuples():
            assert same(float(row.score), float(written["scores"]["test"][row.language]["f1"]))
    except UserError as error:
        check_message(error)
    finally:
        file.write_bytes(whole)


TRIED: dict[str, Any] = {
    "id": CONFIG.id,
    "method": "vanilla",
    "setting": {"learning_rate": 1e-3, "max_steps": 9},
    "status": "finished",
    "seconds": 1.0,
    "draws": 1,
    "scores": [{"rung": 1, "step": 3, "dev": 50.0}, {"rung": 2, "step": 9, "dev": 60.0}],
    "rules": [3, 2],
    "counts": True,
    "replaced": False,
}


@fuzzed(600, chance=CHANCES, new=VALUES)
def test_what_a_search_has_tried(chance: Random, new: Any, store: Store) -> None:
    CASES["tried"] += 1
    written = {"search": mutated([TRIED, copy.deepcopy(TRIED)], chance, new)}
    Path(store.root, "studies", "sought.json").write_text(json.dumps(written), encoding="utf-8")
    for one in read(store, "sought"):
        assert one.status in (*ENDED, "running")
        assert one.dev is None or isinstance(one.dev, float)
        assert same(SearchTrial.from_json(json.loads(json.dumps(one.to_json()))).to_json(), one.to_json())


# Data


FILES = {
    "udpos": "Dogs\tNOUN\nbark\tVERB\n\n中文\tNOUN\n.\tPUNCT\n",
    "panx": "Ada\tB-PER\nLovelace\tI-PER\nin\tO\n\nParis\tB-LOC\n",
    "xnli": "A dog .\tAn animal .\tentailment\nकुत्ता\t狗\tneutral\n",
    "pawsx": 'One "two"\tthree\t1\n"said ""no"""\tit\t0\n',
}
DISLIKED = (
    *(
        "\u200b",
        "\u202e\u2066",
        "a\u0300" * 200,
        "\x01\x02",
        "\u2028",
        "x" * 3000,
        "\ufdfa" * 20,
        "\U0001f469\u200d\U0001f467" * 10,
    ),
    *("\u00a0", "\u3000", "[CLS]", "</s>", "<mask>", "▁", "##a"),
    *(text for text in TEXTS if "\ud800" not in text),
)
HOSTILE = st.text(max_size=30) | st.sampled_from(DISLIKED)


@fuzzed(2000, task=st.sampled_from([*FILES]), chance=CHANCES, new=HOSTILE, torn_=st.booleans())
def test_data_files(task: str, chance: Random, new: str, torn_: bool, tmp_path: Path) -> None:
    CASES["data files"] += 1
    file = tmp_path / "test-de.tsv"
    lines = [line.split("\t") for line in FILES[task].split("\n")]
    row = chance.choice(lines)
    row[chance.randrange(len(row))] = new
    file.write_bytes(torn(FILES[task].encode(), chance) if torn_ else "\n".join(map("\t".join, lines)).encode())
    kind = TASKS[task]
    try:
        rows = kind.read(file)
    except UserError as error:
        check_message(error)
        return
    assert [len(gold) for gold in kind.gold(rows)] == [
        len(row[1]) if isinstance(kind, TokenTask) else 1 for row in rows
    ]
    if isinstance(kind, TokenTask):
        again = "\n\n".join("\n".join(map("\t".join, zip(*row, strict=True))) for row in rows)
    else:
        quoted = [[f'"{text.replace(chr(34), chr(34) * 2)}"' if '"' in text else text for text in row] for row in rows]
        again = "\n".join(map("\t".join, quoted))
    file.write_bytes(again.encode())
    assert kind.read(file) == rows


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return loading.tokenizer(pinning.find("embedded"))


@fuzzed(200, seconds=5, words=st.lists(HOSTILE, min_size=1, max_size=6), length=st.sampled_from([8, 16, 64]))
def test_text_that_tokenizers_dislike(words: list[str], length: int, tokenizer: Any, tmp_path: Path) -> None:
    """Every word has its own label, or no label."""
    CASES["tokenizer"] += 1
    kind, pairs = TASKS["udpos"], TASKS["pawsx"]
    assert isinstance(kind, TokenTask)
    assert isinstance(pairs, PairTask)
    kept = [word for word in words if word.strip(" ") and not set("\t\r\n") & {*word}] or ["a"]
    tags = tuple(kind.labels[i % 17] for i in range(len(kept)))
    examples = [(tuple(kept), tags)] * 2
    rows = kind.encode(examples, tokenizer, length)
    assert all(len(ids) <= length for ids in rows["input_ids"])
    guesses = [[label if label >= 0 else 0 for label in labels] for labels in rows["labels"]]
    for gold, found in zip(kind.gold(examples), kind.gather(kind.gold(examples), rows, guesses), strict=True):
        assert all(guess in (right, -1) for guess, right in zip(found, gold, strict=True))
    encoded = pairs.encode([(" ".join(kept), kept[0], "1")], tokenizer, length)
    assert all(len(ids) <= length for ids in encoded["input_ids"])


@pytest.mark.parametrize("letter", ["x", "\u0301"])
def test_a_word_of_a_hundred_thousand_letters(letter: str, tokenizer: Any) -> None:
    kind = TASKS["udpos"]
    rows = kind.encode([((letter * 100_000, "b"), ("NOUN", "VERB"))], tokenizer, 128)
    assert all(len(ids) <= 128 for ids in rows["input_ids"])


def test_there_were_enough(capsys: pytest.CaptureFixture[str]) -> None:
    """Counts over all tests above, if all have run."""
    if len(CASES) < 13:
        pytest.skip("counts the cases of the whole file")
    with capsys.disabled():
        print(f"\n{CASES.total()} cases: {', '.join(f'{count} {name}' for name, count in CASES.items())}")
    assert CASES.total() >= examples(ENOUGH)
