"""The cache of Fisher diagonals: computed once, named by content, and refused if they do not fit."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from harness import embedded
from harness.common.errors import UserError
from harness.data import corpus
from harness.encoders import pinning
from harness.encoders.pinning import Encoder
from harness.fisher import diagonal_files, supply
from harness.methods import Ewc
from harness.methods.fisher_estimate import Estimate
from harness.methods.penalty import Penalty, Term
from harness.study import TrialConfig
from tests.helpers import fine_tuned
from tests.helpers.data import ORIGIN
from tests.helpers.studies import SHORT


def requested(language: str = "de", examples: int = 2, **options: object) -> diagonal_files.Request:
    estimate = Estimate(languages=(language,), examples=examples, **options)  # type: ignore[arg-type]
    return diagonal_files.request(
        pinning.find(fine_tuned.encoder()), estimate, ORIGIN, corpus.fingerprints(estimate, ORIGIN)
    )


def test_cache_is_computed_once_and_named_by_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    real = diagonal_files.diagonal
    monkeypatch.setattr(diagonal_files, "diagonal", lambda *args: (calls.append(1), real(*args))[1])
    wanted = requested()
    results: list[diagonal_files.Diagonal] = []
    threads = [
        threading.Thread(target=lambda: results.append(diagonal_files.stored(wanted, tmp_path))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1
    before = {name: value.clone() for name, value in results[0].items()}  # they are mapped from the file
    assert all(torch.equal(before[name], results[1][name]) for name in before)
    torn = next((tmp_path / "fisher").glob("*.safetensors"))
    torn.write_bytes(torn.read_bytes()[:1000])
    again = diagonal_files.stored(requested(), tmp_path)
    assert len(calls) == 2
    assert all(torch.equal(before[name], again[name]) for name in again)
    others = [
        requested(examples=3),
        requested("hi"),
        requested(estimator="sampled"),
        requested(masking_seed=1),
        requested(text="task"),
    ]
    for other in others:
        diagonal_files.stored(other, tmp_path)
    assert len(list((tmp_path / "fisher").glob("*.safetensors"))) == 1 + len(others)


def test_a_file_of_another_encoder_is_refused(tmp_path: Path) -> None:
    mine = requested()
    other = replace(mine, encoder=Encoder("elsewhere", "sha256:other"))
    diagonal_files.stored(mine, tmp_path)
    (tmp_path / mine.name).rename(tmp_path / other.name)
    with pytest.raises(
        UserError,
        match=r"belongs to another estimate \(encoder 'sha256:[0-9a-f]+' instead of 'sha256:other'\); delete it",
    ):
        diagonal_files.stored(other, tmp_path)
    save_file({"embeddings.weight": torch.ones(2)}, tmp_path / mine.name)
    with pytest.raises(UserError, match="belongs to another estimate"):
        diagonal_files.stored(mine, tmp_path)


def test_importance_of_another_shape_is_refused() -> None:
    body = torch.nn.Linear(3, 2)
    anchor = {name: p.detach().clone() for name, p in body.named_parameters()}
    with pytest.raises(
        UserError,
        match=r"fisher: weight has the shape \(3, 3\), not the encoder's \(2, 3\): it belongs to another encoder",
    ):
        Penalty(body, anchor, [Term(1.0, {"weight": torch.ones(3, 3)})])
    with pytest.raises(UserError, match="fisher: it has other, which the encoder lacks"):
        Penalty(body, anchor, [Term(1.0, {"other": torch.ones(3, 3)})])


def test_text_decides_the_identity_and_its_place_does_not(trial: Callable[..., TrialConfig], tmp_path: Path) -> None:
    copied = tmp_path / "elsewhere"
    copied.mkdir()
    (copied / "de.txt").write_bytes((embedded.TEXT / "de.txt").read_bytes())
    here = trial(Ewc(strength=1.0, languages=("de",)), setting=SHORT)
    there = trial(Ewc(strength=1.0, languages=("de",), text=str(copied)), setting=SHORT)
    assert here.id == there.id
    assert supply.needed([here])[0].name == supply.needed([there])[0].name
    # Unread text does not count for the name; read text does.
    lines = (copied / "de.txt").read_text(encoding="utf-8").split("\n")
    (copied / "de.txt").write_text("\n".join(lines[:250]), encoding="utf-8")
    corpus.passages.cache_clear()
    assert trial(Ewc(strength=1.0, languages=("de",), text=str(copied)), setting=SHORT).id == here.id
    (copied / "de.txt").write_text("\n".join(["Anders .", *lines]), encoding="utf-8")
    corpus.passages.cache_clear()
    assert trial(Ewc(strength=1.0, languages=("de",), text=str(copied)), setting=SHORT).id != here.id


def test_text_that_changed_since_the_plan_is_refused(tmp_path: Path) -> None:
    (tmp_path / "de.txt").write_bytes((embedded.TEXT / "de.txt").read_bytes())
    planned = requested(text=str(tmp_path))
    (tmp_path / "de.txt").write_text("Anders .\nUnd mehr .\n", encoding="utf-8")
    corpus.passages.cache_clear()
    with pytest.raises(UserError, match="data: the text for 'de' changed since the study was planned"):
        diagonal_files.stored(planned, tmp_path / "cache")
    assert not list((tmp_path / "cache").rglob("*.safetensors"))


def test_a_diagonal_reads_only_what_it_is_asked_for(tmp_path: Path) -> None:
    found = diagonal_files.stored(requested(), tmp_path)
    whole = load_file(tmp_path / requested().name)
    assert set(found) == whole.keys()
    assert all(torch.equal(found[name], whole[name]) for name in whole)
    assert "nonsense" not in found
