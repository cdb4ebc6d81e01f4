"""Mistakes that would make every trial fail: one message before anything runs or is written, exit code 2."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from transformers import AutoConfig, AutoModelForMaskedLM

from harness.cli.main import main
from harness.common.errors import UserError
from harness.common.machine.cores import cores
from harness.encoders import loading, pinning
from harness.execution.preflight import check
from harness.execution.resources import Resources
from harness.study import TrialConfig
from tests.helpers.data import folder_of
from tests.helpers.encoders import BERT, SMALL
from tests.helpers.studies import SHORT

STUDY = """
task: {task}
encoder: {encoder}
data: {data}
methods: [{method}]
settings: [{{learning_rate: 1e-3, max_steps: 2, batch_size: 4, max_length: {length}}}]
seeds: [0]
targets: [de]
"""
EWC = "{name: ewc, strength: 1, examples: 2}"


@pytest.fixture
def message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Returns the message, one line, on a study with one change. The command must leave no file."""

    def run(
        task: str = "udpos",
        encoder: object = "embedded",
        data: object = "embedded",
        method: str = "vanilla",
        length: int = 64,
    ) -> str:
        file = tmp_path / "study.yaml"
        file.write_text(
            STUDY.format(task=task, encoder=encoder, data=data, method=method, length=length), encoding="utf-8"
        )
        store = tmp_path / "store"
        assert main(["run", str(file), "--store", str(store), "--local"]) == 2
        said = capsys.readouterr()
        assert said.out in ("", "Checking data and encoder.\n")
        assert said.err.count("\n") == 1, said.err
        assert not store.exists()
        return said.err

    return run


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the embedded encoder, to be damaged."""
    return Path(shutil.copytree(pinning.find("embedded").path, tmp_path / "encoder"))


def test_a_truncated_safetensors_file(message: Callable[..., str], copy: Path) -> None:
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1_000_000])
    assert "encoder: a safetensors file of" in (said := message(encoder=copy))
    assert "is torn or cut short" in said
    weights.write_bytes(b"")
    assert "is torn or cut short" in message(encoder=copy)


def test_an_encoder_without_weights_or_tokenizer(message: Callable[..., str], copy: Path) -> None:
    (copy / "tokenizer.json").unlink()
    assert "encoder: the tokenizer of" in message(encoder=copy)
    (copy / "model.safetensors").unlink()
    shutil.copy(Path(pinning.find("embedded").path) / "tokenizer.json", copy)
    assert "encoder: the weights, as AutoModelForTokenClassification, of" in message(encoder=copy)


@pytest.mark.parametrize("kind", ["bert", "roberta", "xlm-roberta", "deberta-v2", "distilbert", "electra"])
@pytest.mark.parametrize("named", [False, True])
def test_a_folder_without_its_tokenizer(message: Callable[..., str], tmp_path: Path, kind: str, named: bool) -> None:
    """A folder as ``Trainer`` leaves it, or with only a class name: ``transformers`` then invents a few pieces."""
    folder = tmp_path / "checkpoint"
    options = SMALL | BERT | {"type_vocab_size": 2}
    AutoModelForMaskedLM.from_config(AutoConfig.for_model(kind, **options)).save_pretrained(folder)
    if named:
        (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "BertTokenizer"}))
    said = message(encoder=folder)
    assert f"encoder: the tokenizer of {str(folder)!r} is missing: there is no tokenizer.json" in said
    assert "Copy the files of the base model's tokenizer there, or call its tokenizer.save_pretrained(" in said


def test_a_tokenizer_of_another_class_than_the_files_are_of(message: Callable[..., str], tmp_path: Path) -> None:
    folder = tmp_path / "checkpoint"
    AutoModelForMaskedLM.from_config(AutoConfig.for_model("roberta", **SMALL, **BERT)).save_pretrained(folder)
    (folder / "vocab.txt").write_text("[PAD]")
    assert "there is no tokenizer.json and no vocab.json and no merges.txt" in message(encoder=folder)


@pytest.mark.parametrize("file", ["tokenizer.json", "tokenizer_config.json", "model.safetensors", "vocab.txt"])
def test_a_file_that_git_lfs_has_not_fetched(message: Callable[..., str], copy: Path, file: str) -> None:
    (copy / file).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 17082660\n")
    said = message(encoder=copy)
    assert f"encoder: Git LFS has not fetched {file} in {str(copy)!r}; run 'git lfs pull'" in said


@pytest.mark.parametrize("config", ["{", "[]", "{}", '{"model_type": "no-such-kind"}'])
def test_an_encoder_with_an_invalid_config(message: Callable[..., str], copy: Path, config: str) -> None:
    (copy / "config.json").write_text(config)
    assert "encoder: " in message(encoder=copy)


def test_an_encoder_of_a_kind_without_the_head(message: Callable[..., str], copy: Path) -> None:
    (copy / "config.json").write_text(json.dumps({"model_type": "whisper"}))
    assert "Unrecognized configuration class" in (said := message(encoder=copy))
    assert "as AutoModelForTokenClassification, of" in said


def test_an_encoder_without_masked_language_model_head_for_ewc(message: Callable[..., str], tmp_path: Path) -> None:
    loading.pretrained(pinning.find("embedded"), "udpos").model.base_model.save_pretrained(tmp_path / "headless")
    loading.tokenizer(pinning.find("embedded")).save_pretrained(tmp_path / "headless")
    assert "has no masked-language-model head, which Fisher information needs" in message(
        encoder=tmp_path / "headless", method=EWC
    )


def test_an_encoder_that_lacks_part_of_its_body(message: Callable[..., str], copy: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(copy / "model.safetensors")
    save_file(
        {name: t for name, t in weights.items() if "layer.2" not in name},
        copy / "model.safetensors",
        metadata={"format": "pt"},
    )
    assert "lacks weights of its body, or has them in another size (encoder.layer.2." in message(encoder=copy)


@pytest.mark.parametrize(
    ("file", "change", "expected"),
    [
        ("tokenizer_config.json", {"pad_token": None}, "has no padding token"),
        ("config.json", {"vocab_size": 100}, "or has them in another size (embeddings.word_embeddings.weight)"),
    ],
)
def test_an_encoder_with_inconsistent_files(
    message: Callable[..., str], copy: Path, file: str, change: dict[str, object], expected: str
) -> None:
    (copy / file).write_text(json.dumps(json.loads((copy / file).read_text()) | change))
    assert expected in message(encoder=copy)


def test_an_encoders_own_code_is_not_run(message: Callable[..., str], copy: Path, tmp_path: Path) -> None:
    (copy / "mine.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    config = {
        "auto_map": {"AutoConfig": "mine.Config", "AutoModelForTokenClassification": "mine.Model"},
        "model_type": "mine",
    }
    (copy / "config.json").write_text(json.dumps(config))
    assert "which steadytune never runs" in message(encoder=copy)
    assert not (tmp_path / "ran").exists()


def test_a_tokenizer_with_more_pieces_than_embeddings(message: Callable[..., str], copy: Path) -> None:
    tokenizer = loading.tokenizer(pinning.find("embedded"))
    more = type(tokenizer).from_pretrained(copy)
    more.add_tokens(["steady", "tune"])
    more.save_pretrained(copy)
    assert "has 19202 pieces, and the model has embeddings for 19200" in message(encoder=copy)


def test_more_sub_words_than_the_encoder_takes(message: Callable[..., str]) -> None:
    assert "max_length: 513 is not allowed; give at most 512" in message(length=513)


@pytest.mark.parametrize(
    ("task", "line", "expected"),
    [
        ("xnli", "one\ttwo\n", "test-de.tsv:1: expected 'text<TAB>text<TAB>label', found 2 columns"),
        ("udpos", "Hunde\tNOUN\textra\n", "test-de.tsv:1: tag: there is no 'extra'"),
        ("panx", "Berlin\tB-LOK\n", "test-de.tsv:1: tag: there is no 'B-LOK'. Did you mean 'B-LOC'?"),
    ],
)
def test_malformed_data(message: Callable[..., str], tmp_path: Path, task: str, line: str, expected: str) -> None:
    assert expected in message(task=task, data=folder_of(tmp_path, task, **{"test-de": line}))


RANGES = "search: {learning_rate: {loguniform: [1e-4, 1e-2]}, trials: 2}"


def test_more_processes_than_cores_or_examples(
    trial: Callable[..., TrialConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.execution.preflight.cores", lambda: 5)
    with pytest.raises(UserError, match=r"--processes-per-trial: 6 is not allowed; each process .* this machine has 5"):
        check([trial()], Resources(gpus=0, processes=6))
    with pytest.raises(UserError, match="--processes-per-trial: 5 is not allowed; give at most 4: each process trains"):
        check([trial()], Resources(gpus=0, processes=5))
    accumulated = trial(setting=replace(SHORT, accumulation=2))
    with pytest.raises(UserError, match="--gpus-per-trial: 4 is not allowed; give at most 2"):
        check([trial(), accumulated], Resources(gpus=4, ray_address="auto"))


@pytest.mark.parametrize(
    "how", [["run"], ["run", "--local"], ["run", "--dry-run"], ["search"], ["search", "--dry-run"]], ids=" ".join
)
@pytest.mark.parametrize(("option", "there"), [("--cpus-per-trial 5000", cores()), ("--gpus-per-trial 1", 0)])
def test_more_devices_or_processes_than_the_machine_has(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    how: list[str],
    option: str,
    there: int,
) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    monkeypatch.setattr("harness.execution.costs.past.probe", None)  # neither tried nor run
    file, store = tmp_path / "study.yaml", tmp_path / "store"
    text = STUDY.format(task="udpos", encoder="embedded", data="embedded", method="vanilla", length=64)
    file.write_text(text + RANGES * (how[0] == "search"), encoding="utf-8")
    assert main([how[0], str(file), "--store", str(store), *how[1:], *option.split()]) == 2
    flag, asked = option.split()
    assert capsys.readouterr().err == f"steadytune: {flag}: {asked} is not allowed; this machine has {there}\n"
    assert not store.exists()
