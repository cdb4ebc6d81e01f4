"""The diagonal of the Fisher information of the masked-language-model loss on a language's text (Section 3.2)."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from filelock import FileLock
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import DataCollatorForLanguageModeling, PreTrainedModel

from harness import data, models
from harness.encoders import Encoder
from harness.errors import bad
from harness.hashing import digest
from harness.study import NUMERICS

WINDOW = 128
MASKED_SHARE = 0.15
MASKING_SEED = 0
ESTIMATOR = "empirical"
"""Gradients at the observed tokens, the estimator of Kirkpatrick et al. (2017) in practice."""


def diagonal(model: nn.Module, batches: Iterable[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """F = 1/N Σₙ (∇θ log p(masked tokens of example n))², by parameter name within the body, each of its parameter's shape.

    Every batch holds one example, ``input_ids`` and ``labels`` of shape (1, length): the square is taken per example, as the square of
    a batch's mean gradient is not a Fisher diagonal. The log-likelihood is the sum over an example's masked tokens (labels that are
    not -100), in nats.
    """
    assert isinstance(model, PreTrainedModel)
    parameters = dict(model.base_model.named_parameters())
    total = {name: torch.zeros_like(parameter) for name, parameter in parameters.items()}
    count = 0
    for batch in batches:
        model.zero_grad()
        inputs = {name: tensor.to(model.device) for name, tensor in batch.items()}
        logits = model(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]).logits
        torch.nn.functional.cross_entropy(logits.flatten(0, 1).float(), inputs["labels"].flatten(), reduction="sum").backward()
        for name, parameter in parameters.items():
            if parameter.grad is not None:
                total[name].addcmul_(parameter.grad, parameter.grad)
        count += 1
    model.zero_grad()
    return {name: value / count for name, value in total.items()}


def text_windows(encoder: Encoder, text: str, language: str, examples: int, window: int = WINDOW) -> list[dict[str, Tensor]]:
    """The first ``examples`` windows of a language's passages, each a masked batch of one, the same in every process.

    ``window`` is the most sub-words of one, special tokens included.
    """
    tokenizer = models.tokenizer(encoder)
    encoded = tokenizer(
        list(data.passages(text, language)[:examples]),
        truncation=True,
        max_length=window,
        return_overflowing_tokens=True,
    )
    collate = DataCollatorForLanguageModeling(tokenizer, mlm_probability=MASKED_SHARE, seed=MASKING_SEED)
    windows = encoded["input_ids"][:examples]
    if len(windows) < examples:
        raise bad("examples", examples, f"at most {len(windows)}, what the text for {language!r} has")
    return [dict(collate([{"input_ids": ids}])) for ids in windows]


def cached_diagonal(cache: Path, encoder: Encoder, text: str, language: str, examples: int) -> dict[str, Tensor]:
    """``diagonal`` over a language's text, read from ``cache`` where it has been computed before.

    The file is named by the content hash of the encoder, the text and the estimator's options. A second process that wants it at the
    same time waits for the first.
    """
    identity = {
        "numerics": NUMERICS,
        "encoder": encoder.revision,
        "text": data.text_fingerprint(text, language),
        "examples": examples,
        "window": WINDOW,
        "masked_share": MASKED_SHARE,
        "masking_seed": MASKING_SEED,
        "estimator": ESTIMATOR,
    }
    file = cache / "fisher" / f"{digest(identity)}.safetensors"
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file.with_suffix(".lock")):
        found = _load(file)
        if found is None:
            model = models.masked_language_model(encoder)
            windows = text_windows(encoder, text, language, examples, min(WINDOW, models.positions(model)))
            body: nn.Module = model
            found = diagonal(body.to("cuda" if torch.cuda.is_available() else "cpu"), windows)
            body.to("cpu")  # kept for the next language, out of the trials' way
            part = file.with_suffix(".part")
            save_file(found, part, metadata={name: str(value) for name, value in identity.items()})
            part.replace(file)
    return found


def _load(file: Path) -> dict[str, Tensor] | None:
    """The diagonal of a file, ``None`` where there is none or it is torn."""
    try:
        return load_file(file)
    except (FileNotFoundError, SafetensorError):
        return None
