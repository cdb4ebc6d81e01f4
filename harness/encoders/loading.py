"""Models for trials: a pretrained encoder once per process, and for each trial a copy with its seed's head."""

import copy
import sys
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import Tensor, nn
from transformers import AutoConfig, AutoTokenizer, PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils import logging

from harness.common.errors import UserError
from harness.compat.transformers import initialise
from harness.encoders import sequence_ends, spm_normalisation, tokenizer_files
from harness.encoders.library_errors import user_errors
from harness.encoders.mapped_embedding import MappedEmbedding, map_vocabulary
from harness.encoders.pinning import Encoder
from harness.encoders.trimmed_embedding import TrimmedEmbedding, resident
from harness.tasks import TaskName, task_named

META = torch.device("meta")
"""Device of a model that has names and shapes but no weights."""
EXAMPLES_OF_NAMES = 3
"""Largest number of missing weights that a message names."""
SWITCHES = ("output_attentions", "output_hidden_states", "gradient_checkpointing")
"""Options of a config.json that change no score. Packed batches and saving weights do not work with them."""


@lru_cache(maxsize=4)
def tokenizer(encoder: Encoder) -> PreTrainedTokenizerBase:
    """The encoder's fast tokenizer, which pads and truncates on the right. Labels are aligned through its ``word_ids``.

    Raises ``UserError`` if the tokenizer's files are missing or broken, or if it is not fast or has no padding token.
    """
    tokenizer_files.check_there(encoder)
    with user_errors(encoder, "tokenizer"):
        loaded: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            encoder.path, **encoder.loading, trust_remote_code=False
        )
    if not loaded.is_fast:
        raise UserError(
            f"encoder: {encoder.path!r} has no fast tokenizer (tokenizer.json), which aligning labels with sub-words "
            "needs"
        )
    tokenizer_files.check_vocabulary(encoder, loaded)
    if loaded.pad_token_id is None:
        raise UserError(
            f"encoder: the tokenizer of {encoder.path!r} has no padding token (pad_token), which batches need"
        )
    if spm_normalisation.made_here(encoder):
        loaded = spm_normalisation.normalised(loaded, encoder)
    if sequence_ends.are_read(encoder):
        sequence_ends.take_apart(loaded)
    loaded.padding_side = loaded.truncation_side = "right"
    return loaded


@dataclass(frozen=True, eq=False)
class Pretrained:
    """An encoder with a task's standard head, shared by all trials of a process.

    It is never trained. Its body is θ* for the trials.
    """

    model: PreTrainedModel
    fresh: frozenset[str]
    """Names of the parameters without a θ*.

    They are the head, a pooler that the checkpoint lacks, and the parameters that ``restarted`` draws.
    """

    @property
    def anchor(self) -> dict[str, Tensor]:
        """θ*: the pretrained weights by parameter name within the body, without the parameters in ``fresh``."""
        prefix = f"{self.model.base_model_prefix}."
        return {name: p for name, p in self.model.base_model.named_parameters() if prefix + name not in self.fresh}


def pretrained(encoder: Encoder, task: TaskName) -> Pretrained:
    """The encoder in fp32 with the standard head of ``task``, shared by all callers in this process.

    The vocabulary may stay in the checkpoint, in its precision (``mapped_embedding``). Raises ``UserError`` if the
    checkpoint cannot be read or lacks weights of a masked language model's body.
    """
    kind = task_named(task)
    return _pretrained(encoder, kind.auto_model, kind.labels)


@lru_cache(maxsize=2)
def _pretrained(encoder: Encoder, auto_model: str, labels: tuple[str, ...]) -> Pretrained:
    model, fresh = _with_head(encoder, auto_model, labels)
    map_vocabulary(model, encoder)
    model.requires_grad_(False)
    return Pretrained(model, fresh)


def forget() -> None:
    """Drop the encoders and tokenizers that this process holds."""
    _pretrained.cache_clear()
    tokenizer.cache_clear()
    resident.cache_clear()


def fine_tunable(encoder: Encoder, task: TaskName, seed: int, vocabulary: Tensor | None = None) -> PreTrainedModel:
    """A copy of the encoder to train. Parameters without a θ* depend on ``seed`` alone.

    Two methods with one seed thus start from the same weights. ``vocabulary`` has the ids that the training data uses,
    (ids,), ascending. With ``vocabulary``, only the embeddings of these ids are copied and trained.
    """
    shared = pretrained(encoder, task)
    memo: dict[int, Any] = {}
    whole = shared.model.get_input_embeddings()
    if vocabulary is not None:
        assert isinstance(whole, nn.Embedding)
        memo[id(whole)] = TrimmedEmbedding(whole, vocabulary)
    elif isinstance(whole, MappedEmbedding):
        memo[id(whole)] = whole.loaded()
    model = copy.deepcopy(shared.model, memo)
    model.requires_grad_(True)
    initialise(model, shared.fresh, seed)
    return model


def restarted(model: PreTrainedModel, shared: Pretrained, names: frozenset[str], seed: int) -> Pretrained:
    """Draw some pretrained parameters of a copy from a seed, in place. Returns the encoder with fewer θ*."""
    if not names:
        return shared
    initialise(model, names, seed)
    return replace(shared, fresh=shared.fresh | names)


def fine_tuned(folder: Path, task: TaskName) -> Pretrained:
    """A fine-tuned model in fp32, as ``save_pretrained`` wrote it.

    Raises ``UserError`` if a file is broken or weights are missing.
    """
    kept = Encoder(str(folder), "sha256:")
    model, missing = _load(task_named(task).auto_model, kept)
    if missing:
        raise UserError(f"weights: {str(folder)!r} lacks {_some(missing)}")
    prefix = f"{model.base_model_prefix}."
    return Pretrained(model, frozenset(name for name, _ in model.named_parameters() if not name.startswith(prefix)))


@lru_cache(maxsize=1)
def masked_language_model(encoder: Encoder) -> PreTrainedModel:
    """The encoder with its pretrained masked-language-model head, in fp32.

    Raises ``UserError`` if the checkpoint has no such head: the Fisher diagonal of an untrained head would be noise.
    """
    return _with_mlm_head(encoder).eval()


def outline(encoder: Encoder, task: TaskName) -> Pretrained:
    """As ``pretrained``, but without weights. Raises ``UserError`` if a file is broken or weights are missing."""
    kind = task_named(task)
    return Pretrained(*_with_head(encoder, kind.auto_model, kind.labels, device_map=META))


@lru_cache(maxsize=4)
def masked_language_model_outline(encoder: Encoder) -> PreTrainedModel:
    """As ``masked_language_model``, but with names and shapes instead of weights."""
    return _with_mlm_head(encoder, device_map=META)


def positions(model: PreTrainedModel) -> int:
    """Number of sub-words, special tokens included, for which a model has positions.

    XLM-R and related models start counting after the padding token's id. ``sys.maxsize`` if there is no limit.
    """
    count = getattr(model.config, "max_position_embeddings", None)
    if count is None or count < 1:  # XLNet has -1
        return sys.maxsize
    learned = [m for m in model.base_model.modules() if isinstance(m, nn.Embedding) and m.num_embeddings == count]
    offsets = [
        m.padding_idx + 1 for m in learned if m.padding_idx is not None and m is not model.get_input_embeddings()
    ]
    return int(count) - max(offsets, default=0)


def _with_head(
    encoder: Encoder, auto_model: str, labels: tuple[str, ...], **options: Any
) -> tuple[PreTrainedModel, frozenset[str]]:
    """The encoder with a standard head for labels, and the names of the parameters without a θ*."""
    ids = dict(enumerate(labels))
    options |= {
        "num_labels": len(ids),
        "id2label": ids,
        "label2id": {label: i for i, label in ids.items()},
        "return_dict": True,
    }
    # A head in the checkpoint is never used, whatever its size: the head depends on the seed.
    model, missing = _load(auto_model, encoder, **options, ignore_mismatched_sizes=True)
    if model.base_model is model:
        raise UserError(
            f"encoder: {encoder.path!r} has no body apart from its head in {type(model).__name__}; give another encoder"
        )
    prefix = f"{model.base_model_prefix}."
    lacking = {name.removeprefix(prefix) for name in missing if name.startswith(prefix)}
    if body := lacking & _masked_language_model_body(encoder, lacking):
        raise UserError(
            f"encoder: {encoder.path!r} lacks weights of its body, or has them in another size ({_some(body)}), so "
            "that there are no pretrained weights to pull towards"
        )
    return model, frozenset(
        name for name, _ in model.named_parameters() if not name.startswith(prefix) or name in missing
    )


def _masked_language_model_body(encoder: Encoder, lacking: set[str]) -> set[str]:
    """Names of the weights that pretraining always gives: the body of a masked language model.

    A pooler is not part of it and may be missing. ``lacking`` is returned if it is empty, or if ``transformers`` has no
    masked language model of the encoder's kind.
    """
    if not lacking:
        return set()
    known = AutoConfig.from_pretrained(encoder.path, **encoder.loading, trust_remote_code=False)
    try:
        with META:
            model = transformers.AutoModelForMaskedLM.from_config(known)
    except ValueError:  # no masked language model of this kind: all weights are required
        return lacking
    return {name for name, _ in model.base_model.named_parameters()}


def _with_mlm_head(encoder: Encoder, **options: Any) -> PreTrainedModel:
    model, missing = _load("AutoModelForMaskedLM", encoder, **options)
    if missing:
        raise UserError(
            f"encoder: {encoder.path!r} has no masked-language-model head, which Fisher information needs "
            f"({_some(missing)})"
        )
    return model


def _some(names: set[str]) -> str:
    """The first few names of some weights."""
    return ", ".join(sorted(names)[:EXAMPLES_OF_NAMES])


def _load(auto: str, encoder: Encoder, **options: Any) -> tuple[PreTrainedModel, set[str]]:
    """The model of a class in ``transformers``, by name, and the names of its missing weights.

    A weight that the checkpoint has in another size is missing too.
    """
    options |= {"dtype": torch.float32, "output_loading_info": True, "trust_remote_code": False}
    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()  # an untrained head is expected here, not worth a warning
    logging.disable_progress_bar()
    try:
        with user_errors(encoder, f"weights, as {auto},"):
            options |= _switched_off(encoder)
            model, report = getattr(transformers, auto).from_pretrained(encoder.path, **encoder.loading, **options)
    finally:
        logging.set_verbosity(verbosity)
    return model, set(report["missing_keys"]) | {key for key, *_ in report["mismatched_keys"]}


def _switched_off(encoder: Encoder) -> dict[str, bool]:
    """Options for ``from_pretrained`` that switch off each of ``SWITCHES`` that the encoder's config switches on."""
    given, _ = PreTrainedConfig.get_config_dict(encoder.path, **encoder.loading)
    return {name: False for name in SWITCHES if given.get(name)}
