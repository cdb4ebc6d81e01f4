"""Helpers that train for a few steps and keep the optimizer's inputs."""

from pathlib import Path
from typing import Any

from torch import Tensor
from transformers import PreTrainedModel, TrainerCallback

from harness.data.context import TrialContext
from harness.encoders import trimmed_embedding
from harness.encoders.trimmed_embedding import TrimmedEmbedding
from harness.study import TrialConfig
from harness.training.building import build_trainer
from harness.training.evaluation import score


class Recorder(TrainerCallback):
    """Keeps the gradients and weights before the last optimizer step."""

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, model: Any = None, **rest: Any) -> None:
        self.gradients = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
        self.weights = {name: p.detach().clone() for name, p in model.named_parameters()}


EMBEDDINGS = "bert.embeddings.word_embeddings.weight"


def trained(config: TrialConfig, cache: Path) -> tuple[dict[str, Tensor], dict[str, dict[str, float]], Tensor | None]:
    """Weights at full size, scores by split and language, and the ids whose embeddings were trained."""
    trainer = build_trainer(TrialContext.of(config, cache))
    trainer.train()
    model = trainer.model
    assert isinstance(model, PreTrainedModel)
    scores = {
        f"{part.split} {part.language}": part.score.metrics for part in score(model, TrialContext.of(config, cache))
    }
    embedding = model.get_input_embeddings()
    kept = embedding.kept if isinstance(embedding, TrimmedEmbedding) else None
    trimmed_embedding.restore(model)
    return {name: p.detach().clone() for name, p in model.named_parameters()}, scores, kept
