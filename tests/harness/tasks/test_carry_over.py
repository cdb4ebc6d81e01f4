"""Pairs are learnt, and the skill carries over to other languages."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.data import reading
from harness.data.origin import Origin
from harness.execution.plan import plan
from harness.methods import L2
from harness.study import Setting, Study
from harness.training.trial import run_trial


@pytest.mark.slow
def test_pairs_are_learnt_and_carry_over(own_task: Callable[[], Study], tmp_path: Path) -> None:
    """Real sentences, the same twice or two different ones: easy to learn in English, and visible in German too."""
    for name in ("train-en", "dev-en", "test-en", "test-de", "test-sw"):
        split, language = name.replace("sw", "fr").split("-")
        texts = [pair[:2] for pair in reading.examples(Origin("pawsx", "embedded"), split, language).rows]
        texts = texts if split == "train" else texts[:100]
        # Every second pair is a paraphrase or nearly; the others have another pair's second text.
        pairs = [
            (a, b if i % 2 else texts[(7 * i + 3) % len(texts)][1], "yes" if i % 2 else "no")
            for i, (a, b) in enumerate(texts)
        ]
        lines = "".join("\t".join(pair) + "\n" for pair in pairs)
        (tmp_path / "data" / "echo" / f"{name}.tsv").write_text(lines, encoding="utf-8")
    setting = Setting(learning_rate=3e-4, warmup_steps=10, max_steps=40, batch_size=16, max_length=32)
    scores = run_trial(
        plan(replace(own_task(), encoder="embedded", methods=(L2(strength=0.01),), settings=(setting,)))[0],
        cache=tmp_path,
    ).record.scores
    assert scores.test["en"].metrics["accuracy"] > 90
    assert scores.test["de"].metrics["accuracy"] > 75
