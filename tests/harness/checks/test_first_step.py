"""What only shows when it runs, shown on two examples before the first trial."""

from pathlib import Path

import pytest
from transformers import AutoConfig, AutoModelForMaskedLM, AutoTokenizer, MLukeTokenizer

from harness.checks.first_step import try_first_step
from harness.cli.main import main
from harness.common.errors import UserError
from harness.encoders import loading
from harness.execution.plan import plan
from harness.methods import Ewc, Vanilla
from tests.helpers.encoders import BERT, SMALL, make, tiny_encoder
from tests.helpers.sentencepieces import train

FAILING = """
from harness.tasks.udpos import Udpos


class Failing(Udpos):
    name = "failing"

    def collator(self, tokenizer):
        raise RuntimeError("no such collator")


TASK = Failing()
"""


def mluke(folder: Path) -> str:
    """Its tokenizer takes no words one by one."""
    folder.mkdir()
    options = {**SMALL, **BERT, "type_vocab_size": 1, "entity_vocab_size": 10, "entity_emb_size": 8}
    AutoModelForMaskedLM.from_config(AutoConfig.for_model("luke", **options)).save_pretrained(folder)
    train(folder / "sentencepiece.bpe.model", ("en",))
    (folder / "entity_vocab.json").write_text('{"[MASK]": 0, "[UNK]": 1, "[PAD]": 2, "[MASK2]": 3}')
    MLukeTokenizer.from_pretrained(folder).save_pretrained(folder)
    return str(folder)


def test_a_tokenizer_that_takes_no_words_is_refused(tmp_path: Path) -> None:
    folder = mluke(tmp_path / "mluke")
    with pytest.raises(UserError, match=r"the tokenizer of .* on 2 examples of 'udpos' fails: "):
        try_first_step(plan(make(folder, "udpos", Vanilla())), local=True)
    try_first_step(plan(make(folder, "pawsx", Vanilla())), local=True)


def test_a_healthy_encoder_takes_a_step_and_leaves_nothing_behind(tmp_path: Path) -> None:
    tiny_encoder(tmp_path / "bert")
    trials = plan(make(str(tmp_path / "bert"), "udpos", Vanilla()))
    try_first_step(trials, local=False)
    assert loading._pretrained.cache_info().currsize == 0
    assert loading.tokenizer.cache_info().currsize == 0


def test_a_fisher_diagonal_that_fails_is_found_before_the_first_trial(tmp_path: Path) -> None:
    folder = str(tmp_path / "bert")
    tiny_encoder(tmp_path / "bert")
    ewc = Ewc(strength=1.0, languages=("de",), examples=20)
    try_first_step(plan(make(folder, "pawsx", ewc)), local=True)
    loading.forget()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_special_tokens({"mask_token": "[HIDDEN]"})  # one that the model has no embedding for
    tokenizer.save_pretrained(folder)
    try_first_step(plan(make(folder, "pawsx", Vanilla())), local=True)  # no fine-tuning masks
    with pytest.raises(UserError, match=r"the Fisher diagonal of .* on 2 windows of text fails: IndexError: index"):
        try_first_step(plan(make(folder, "pawsx", ewc)), local=True)


def test_a_step_that_fails_is_said_and_no_trial_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tiny_encoder(tmp_path / "bert")
    (tmp_path / "failing.py").write_text(FAILING)
    (tmp_path / "failing").mkdir()
    for name in ("train-en", "dev-en", "test-en", "test-de"):
        (tmp_path / "failing" / f"{name}.tsv").write_text("Dogs\tNOUN\nbark\tVERB\n\nCats\tNOUN\nsleep\tVERB\n")
    file = tmp_path / "s.yaml"
    file.write_text(
        f"task: {tmp_path / 'failing.py'}\nencoder: {tmp_path / 'bert'}\ndata: {tmp_path}\nmethods: [vanilla]\n"
        "settings: [{learning_rate: 1e-3, max_steps: 1, batch_size: 2}]\nseeds: [0]\ntargets: [de]\n"
    )
    assert main(["run", str(file), "--store", str(tmp_path / "store"), "--local"]) == 2
    assert "a step of vanilla with" in (said := capsys.readouterr().err)
    assert "on 2 examples fails: RuntimeError: no such collator" in said
    assert not (tmp_path / "store").exists()
