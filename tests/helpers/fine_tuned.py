"""Helpers that compare a tiny encoder before and after a method has trained it."""

import re
import tempfile
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel, TrainerCallback
from transformers.training_args import OptimizerNames

from harness.data.context import TrialContext
from harness.encoders import loading, pinning
from harness.encoders.trimmed_embedding import TrimmedEmbedding
from harness.fisher.windows import Window, windows
from harness.methods import (
    L2,
    Adapter,
    Bitfit,
    ChildTuning,
    DecoupledL2,
    Ewc,
    LayerFreeze,
    LayerwiseDecay,
    Lora,
    Method,
    Mixout,
    RDrop,
    RecAdam,
    Smart,
    SoftPrompt,
    TopLayerReinit,
    Vanilla,
    WeightAveraging,
)
from harness.methods.fisher_estimate import Estimate
from harness.store.result import HISTORY
from harness.study import TrialConfig
from harness.training.building import build_trainer
from harness.training.trainer import PenaltyTrainer
from tests.helpers.data import ORIGIN
from tests.helpers.encoders import tiny_encoder
from tests.helpers.studies import SHORT

STEPS = replace(SHORT, warmup_steps=0)
"""A setting of three steps, all of which move the weights."""
WIDTH, LAYERS, INNER, VOCABULARY, POSITIONS, TYPES, LABELS = 32, 4, 64, 19_200, 512, 2, 17
"""Sizes of the encoder and its head for UDPOS."""
WORDS = "bert.embeddings.word_embeddings.weight"
HEAD = {"classifier.weight", "classifier.bias"}


class Recorder(TrainerCallback):
    """Keeps the weights, gradients and learning rates before each optimizer step, and the weights after it."""

    def __init__(self) -> None:
        self.gradients: list[dict[str, Tensor]] = []
        self.rates: list[dict[str, float]] = []
        self.before: list[dict[str, Tensor]] = []
        self.after: list[dict[str, Tensor]] = []

    def on_pre_optimizer_step(
        self, args: Any, state: Any, control: Any, model: Any = None, optimizer: Any = None, **rest: Any
    ) -> None:
        names = {parameter: name for name, parameter in model.named_parameters()}
        self.gradients.append({name: p.grad.clone() for p, name in names.items() if p.grad is not None})
        self.before.append({name: p.detach().clone() for p, name in names.items()})
        listed = [(names[p], group["lr"]) for group in optimizer.param_groups for p in group["params"]]
        assert len(listed) == len(dict(listed)), "a parameter is in two groups"
        self.rates.append(dict(listed))

    def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **rest: Any) -> None:
        self.after.append({name: p.detach().clone() for name, p in model.named_parameters()})


FOLDER = tempfile.TemporaryDirectory(prefix="encoder-")


@lru_cache(maxsize=1)
def encoder() -> str:
    """The folder of the encoder, made once per process."""
    tiny_encoder(Path(FOLDER.name), LAYERS)
    return FOLDER.name


@dataclass
class Fitted:
    """The outcome of a training."""

    config: TrialConfig
    model: PreTrainedModel
    history: list[dict[str, float]]


def rows_of(trainer: PenaltyTrainer) -> list[dict[str, float]]:
    """The rows of the training log with a loss."""
    return [{key: row[key] for key in HISTORY} for row in trainer.state.log_history if "task_loss" in row]


def plain(seed: int = 0) -> PreTrainedModel:
    """The pretrained encoder with the initial head of a trial with that seed."""
    return loading.fine_tunable(pinning.find(encoder()), "udpos", seed).eval()


def anchor() -> dict[str, Tensor]:
    """θ* by parameter name within the whole model."""
    return {f"bert.{name}": p for name, p in loading.pretrained(pinning.find(encoder()), "udpos").anchor.items()}


def whole(model: PreTrainedModel) -> dict[str, Tensor]:
    """A model's weights, including the embeddings of the whole vocabulary."""
    found = {name: p.detach() for name, p in model.named_parameters()}
    embedding = model.get_input_embeddings()
    return found | ({WORDS: embedding.restored().weight.detach()} if isinstance(embedding, TrimmedEmbedding) else {})


def moved(model: PreTrainedModel) -> set[str]:
    """Names of the weights that differ from their start in any bit; weights that a method adds count."""
    start = whole(plain())
    return {name for name, p in whole(model).items() if name not in start or not torch.equal(p, start[name])}


def batch(*texts: str) -> dict[str, Tensor]:
    """A padded batch of texts, with token types that change in the middle."""
    given = loading.tokenizer(pinning.find(encoder()))(list(texts), padding=True, return_tensors="pt")
    types = torch.zeros_like(given["input_ids"])
    types[:, types.shape[1] // 2 :] = 1
    return {"input_ids": given["input_ids"], "attention_mask": given["attention_mask"], "token_type_ids": types}


SHORTER, LONGER = "Dogs bark .", "Das ist ein etwas längerer Satz , und キツネ ist auch dabei ."


@torch.no_grad()
def logits(model: PreTrainedModel, **given: Tensor) -> Tensor:
    """The model's logits, by default for a longer and a shorter sentence."""
    return model.eval()(**(given or batch(LONGER, SHORTER))).logits


def off_the_anchor(trainer: PenaltyTrainer) -> PenaltyTrainer:
    """Move all weights away from θ*, identically every time."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in trainer.model.parameters():
            parameter.add_(0.02 * torch.randn(parameter.shape, generator=generator))
    return trainer


def recorded(config: TrialConfig, cache: Path, *, sgd: bool = False) -> Recorder:
    """Record a training that starts away from θ*, with AdamW or plain gradient descent."""
    trainer = off_the_anchor(build_trainer(TrialContext.of(config, cache)))
    if sgd:
        trainer.args.optim = OptimizerNames.SGD
    recorder = Recorder()
    trainer.add_callback(recorder)
    trainer.train()
    assert (type(trainer.optimizer.optimizer) is torch.optim.SGD) == sgd
    return recorder


def close(ours: dict[str, Tensor], expected: dict[str, Tensor], **tolerance: float) -> None:
    """Check that both sets of weights agree to the precision of fp32."""
    assert ours.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(ours[name], value, msg=lambda text, name=name: f"{name}: {text}", **tolerance)


def same(ours: dict[str, Tensor], expected: dict[str, Tensor]) -> bool:
    """Whether both models have the same weights, bit for bit."""
    return ours.keys() == expected.keys() and all(torch.equal(ours[name], value) for name, value in expected.items())


def depth(name: str) -> int:
    """Depth of an encoder parameter: embeddings 0, layers 1 to 4, head 5."""
    if (layer := re.match(r"bert\.encoder\.layer\.(\d)\.", name)) is not None:
        return int(layer[1]) + 1
    return 0 if name.startswith("bert.embeddings.") else LAYERS + 1


SAMPLES: dict[str, Method] = {
    method.name: method
    for method in (
        Vanilla(),
        L2(strength=0.3),
        Ewc(strength=30.0, examples=2),
        Bitfit(),
        SoftPrompt(),
        Adapter(),
        Lora(),
        DecoupledL2(strength=0.3),
        Mixout(),
        LayerFreeze(layers=2),
        LayerwiseDecay(),
        WeightAveraging(steps=2),
        RDrop(),
        Smart(),
        RecAdam(strength=30.0, middle=2.0),
        ChildTuning(),
        TopLayerReinit(layers=1),
    )
}


def mlm() -> PreTrainedModel:
    """The encoder with its masked-language head."""
    return loading.masked_language_model(pinning.find(encoder()))


def taken(*args: Any) -> list[Window]:
    """The windows of some languages; the last argument is the number of windows."""
    *languages, count = args
    return windows(pinning.find(encoder()), Estimate(languages=tuple(languages), examples=count), ORIGIN)
