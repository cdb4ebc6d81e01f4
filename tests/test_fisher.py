"""The Fisher diagonal against gradients taken one example at a time, and its cache."""

import threading
from pathlib import Path

import pytest
import torch

from harness import encoders, fisher, models
from harness.errors import UserError
from harness.methods import Ewc
from tests.conftest import SHORT

EXAMPLES = 3


def log_likelihood(model: torch.nn.Module, ids: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    log_p = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits.double().log_softmax(-1)
    return sum(log_p[0, i, labels[0, i]] for i in range(ids.shape[1]) if labels[0, i] != -100)  # type: ignore[return-value]


def test_diagonal_is_the_mean_of_squared_gradients_of_each_example() -> None:
    model = models.masked_language_model(encoders.find("embedded"))
    batches = fisher.text_windows(encoders.find("embedded"), "embedded", "hi", EXAMPLES)
    found = fisher.diagonal(model, batches)
    names, parameters = zip(*model.base_model.named_parameters(), strict=True)
    expected = [torch.zeros_like(p) for p in parameters]
    summed = [torch.zeros_like(p) for p in parameters]
    for batch in batches:
        likelihood = log_likelihood(model, batch["input_ids"], batch["labels"])
        for i, gradient in enumerate(torch.autograd.grad(likelihood, parameters, allow_unused=True)):
            if gradient is not None:
                expected[i] += gradient**2 / EXAMPLES
                summed[i] += gradient / EXAMPLES
    largest = max(float(value.max()) for value in expected)
    for name, value in zip(names, expected, strict=True):
        # Key biases have no gradient but rounding: softmax does not see them.
        torch.testing.assert_close(found[name], value, rtol=1e-3, atol=1e-9 * largest, msg=lambda text, name=name: f"{name}: {text}")
    # The square of the mean gradient, a known mistake, is another number.
    wrong = sum(float((s**2).sum()) for s in summed)
    assert float(sum(v.sum() for v in found.values())) > 1.5 * wrong


def test_windows_are_the_same_every_time_and_masked() -> None:
    first, second = (fisher.text_windows(encoders.find("embedded"), "embedded", "de", 5) for _ in range(2))
    for a, b in zip(first, second, strict=True):
        assert torch.equal(a["input_ids"], b["input_ids"])
        assert torch.equal(a["labels"], b["labels"])
    masked = sum(int((w["labels"] != -100).sum()) for w in first) / sum(w["labels"].numel() for w in first)
    assert 0.08 < masked < 0.25
    assert all(w["input_ids"].shape[1] <= fisher.WINDOW for w in first)


def test_cache_is_computed_once_and_named_by_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    real = fisher.diagonal
    monkeypatch.setattr(fisher, "diagonal", lambda *args: (calls.append(1), real(*args))[1])
    results: list[dict[str, torch.Tensor]] = []
    threads = [
        threading.Thread(target=lambda: results.append(fisher.cached_diagonal(tmp_path, encoders.find("embedded"), "embedded", "de", 2)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1
    assert all(torch.equal(results[0][name], results[1][name]) for name in results[0])
    torn = next((tmp_path / "fisher").glob("*.safetensors"))
    torn.write_bytes(torn.read_bytes()[:1000])
    again = fisher.cached_diagonal(tmp_path, encoders.find("embedded"), "embedded", "de", 2)
    assert len(calls) == 2
    assert all(torch.equal(results[0][name], again[name]) for name in again)
    fisher.cached_diagonal(tmp_path, encoders.find("embedded"), "embedded", "de", 3)
    fisher.cached_diagonal(tmp_path, encoders.find("embedded"), "embedded", "hi", 2)
    assert len(list((tmp_path / "fisher").glob("*.safetensors"))) == 3


def test_more_examples_than_the_text_has_are_refused(tmp_path: Path) -> None:
    (tmp_path / "de.txt").write_text("Ein einziger Satz .\n", encoding="utf-8")
    with pytest.raises(UserError, match="examples: 2 is not allowed; give at most 1, what the text for 'de' has"):
        fisher.text_windows(encoders.find("embedded"), str(tmp_path), "de", 2)


def test_text_decides_the_identity_and_its_place_does_not(trial, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    from harness import embedded

    copied = tmp_path / "elsewhere"
    copied.mkdir()
    (copied / "de.txt").write_bytes((embedded.TEXT / "de.txt").read_bytes())
    here = trial(Ewc(strength=1.0, languages=("de",)), setting=SHORT)
    there = trial(Ewc(strength=1.0, languages=("de",), text=str(copied)), setting=SHORT)
    assert here.id == there.id
    (copied / "hi.txt").write_text("\n \n", encoding="utf-8")
    with pytest.raises(UserError, match=r"hi\.txt is empty; give one passage a line"):
        trial(Ewc(strength=1.0, languages=("hi",), text=str(copied)), targets=("hi",))
