"""Models as trials use them: the pretrained encoder is loaded once per process, each trial takes a copy with a head from its own seed."""

import copy
from functools import lru_cache
from typing import Any

import torch
import transformers
from torch import Tensor
from transformers import AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils import logging

from harness.encoders import Encoder
from harness.errors import UserError
from harness.tasks import task_named


@lru_cache(maxsize=4)
def tokenizer(encoder: Encoder) -> PreTrainedTokenizerBase:
    """The encoder's tokenizer, a fast one: labels are aligned through its ``word_ids``."""
    loaded = AutoTokenizer.from_pretrained(encoder.path, **encoder.loading)
    if not loaded.is_fast:
        raise UserError(f"encoder: {encoder.path!r} has no fast tokenizer (tokenizer.json), which aligning labels with sub-words needs")
    return loaded


@lru_cache(maxsize=2)
def pretrained(encoder: Encoder, task: str) -> PreTrainedModel:
    """The encoder with an untrained head for the task, in fp32. Shared by all trials of a process: never trained, it is their θ*."""
    kind = task_named(task)
    labels = {"num_labels": len(kind.labels), "id2label": dict(enumerate(kind.labels))}
    model, missing = _load(getattr(transformers, kind.auto_model), encoder, **labels)
    body = sorted(name for name in missing if name.startswith(f"{model.base_model_prefix}."))
    if body:
        raise UserError(f"encoder: {encoder.path!r} lacks weights of its body ({', '.join(body[:3])}): there is no θ* to start from")
    model.requires_grad_(False)
    return model


def fine_tunable(encoder: Encoder, task: str, seed: int) -> PreTrainedModel:
    """A copy to train whose head depends on ``seed`` alone, so that two methods with one seed start from the same weights."""
    model = copy.deepcopy(pretrained(encoder, task))
    model.requires_grad_(True)
    body = set(model.base_model.modules())
    torch.manual_seed(seed)
    for module in model.modules():
        if module not in body and module is not model:
            for parameter in module.parameters(recurse=False):
                parameter._is_hf_initialized = False  # type: ignore[attr-defined]
            model._init_weights(module)
    return model


def anchor(encoder: Encoder, task: str) -> dict[str, Tensor]:
    """θ*: the pretrained weights by parameter name within the body."""
    return dict(pretrained(encoder, task).base_model.named_parameters())


@lru_cache(maxsize=1)
def masked_language_model(encoder: Encoder) -> PreTrainedModel:
    """The encoder with its pretrained masked-language-model head, in fp32.

    Raises ``UserError`` where the checkpoint has no such head: a Fisher diagonal from an untrained one would be noise.
    """
    model, missing = _load(transformers.AutoModelForMaskedLM, encoder)
    if missing:
        raise UserError(
            f"encoder: {encoder.path!r} has no masked-language-model head, which ewc's Fisher needs ({', '.join(sorted(missing)[:3])})"
        )
    return model.eval()


def _load(auto: Any, encoder: Encoder, **options: Any) -> tuple[PreTrainedModel, set[str]]:
    """The model and the names of its weights that the checkpoint lacks."""
    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()  # an untrained head is expected here, not worth a warning
    logging.disable_progress_bar()
    try:
        model, report = auto.from_pretrained(encoder.path, **encoder.loading, **options, dtype=torch.float32, output_loading_info=True)
    finally:
        logging.set_verbosity(verbosity)
    return model, set(report["missing_keys"])
