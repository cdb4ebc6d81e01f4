"""Soft prompts, through the real trainer on the shipped encoder."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from harness.data.context import TrialContext
from harness.methods import SoftPrompt
from harness.study import TrialConfig
from harness.training.building import build_trainer
from tests.helpers.fine_tuned import HEAD, LABELS, LONGER, SHORTER, STEPS, WIDTH, batch, logits, moved, plain, whole


def test_no_weight_of_the_encoder_moves_with_prompts(trial: Callable[..., TrialConfig], cache: Path) -> None:
    trainer = build_trainer(TrialContext.of(trial(SoftPrompt(tokens=5), setting=STEPS), cache))
    prompts = trainer.model.base_model.soft_prompt.embedding.weight
    start = prompts.detach().clone()
    assert start.shape == (5, WIDTH)
    trainer.train()
    added = {name for name in whole(trainer.model) if name not in whole(plain())}
    assert added == {"bert.soft_prompt.embedding.weight"}
    assert moved(trainer.model) == added | HEAD
    assert (prompts != start).any(1).all()


def test_prompts_follow_the_first_token(trial: Callable[..., TrialConfig], fit: Any) -> None:
    model, reference = fit(trial(SoftPrompt(tokens=5), setting=STEPS)).model, plain()
    reference.classifier.load_state_dict(model.classifier.state_dict())
    given = batch(LONGER, SHORTER)
    prompts = model.base_model.soft_prompt.embedding.weight.detach()
    words = reference.get_input_embeddings()(given["input_ids"]).detach()
    embeds = torch.cat((words[:, :1], prompts.expand(2, -1, -1), words[:, 1:]), 1)
    mask = torch.cat((torch.ones(2, 6, dtype=torch.long), given["attention_mask"][:, 1:]), 1)
    types = torch.cat((torch.zeros(2, 6, dtype=torch.long), given["token_type_ids"][:, 1:]), 1)
    direct = logits(reference, inputs_embeds=embeds, attention_mask=mask, token_type_ids=types)
    ours = logits(model, **given)
    assert ours.shape == (*given["input_ids"].shape, LABELS)
    torch.testing.assert_close(ours, torch.cat((direct[:, :1], direct[:, 6:]), 1), rtol=1e-5, atol=1e-6)
    shuffled = logits(reference, **given)
    assert not torch.allclose(ours, shuffled, atol=1e-2)  # the prompts have an effect


def test_prompts_and_padding_do_not_interfere(trial: Callable[..., TrialConfig], fit: Any) -> None:
    model = fit(trial(SoftPrompt(tokens=5), setting=STEPS)).model
    given = batch(LONGER, SHORTER)
    length = int(given["attention_mask"][1].sum())
    assert length < given["input_ids"].shape[1]
    alone = logits(model, **{name: value[1:, :length] for name, value in given.items()})
    torch.testing.assert_close(logits(model, **given)[1:, :length], alone, rtol=1e-5, atol=1e-5)
