"""Models as trials use them: the pretrained encoder is loaded once per process, each trial takes a copy with a head
from its own seed."""

import copy
import sys
from dataclasses import dataclass
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
from harness.encoders.trimmed_embedding import TrimmedEmbedding
from harness.tasks import TaskName, task_named

META = torch.device("meta")
"""Where a model has names and shapes, and no weights."""
EXAMPLES_OF_NAMES = 3
"""How many of the weights that are lacking a message names."""
SWITCHES = ("output_attentions", "output_hidden_states", "gradient_checkpointing")
"""Options of a config.json that change no score. Packed batches and the saving of weights do not go with them."""


@lru_cache(maxsize=4)
def tokenizer(encoder: Encoder) -> PreTrainedTokenizerBase:
    """The encoder's tokenizer, a fast one: labels are aligned through its ``word_ids``. It pads and cuts at the
    right. Raises ``UserError`` where the encoder lacks the files of one."""
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
    """An encoder with a task's standard head, shared by all trials of a process: never trained, its body is their
    θ*."""

    model: PreTrainedModel
    fresh: frozenset[str]
    """Parameters without a θ*: those of the head, and of a pooler that the checkpoint lacks."""

    @property
    def anchor(self) -> dict[str, Tensor]:
        """θ*: the pretrained weights by parameter name within the body. What the checkpoint lacks is not among them."""
        prefix = f"{self.model.base_model_prefix}."
        return {name: p for name, p in self.model.base_model.named_parameters() if prefix + name not in self.fresh}


def pretrained(encoder: Encoder, task: TaskName) -> Pretrained:
    """The encoder in fp32 with the head of ``task``, a name or a user's file; its vocabulary may stay in the checkpoint
    (``mapped``).

    Raises ``UserError`` where the checkpoint cannot be read or lacks weights that a masked language model has.
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
    """Let go of the encoders that this process holds."""
    _pretrained.cache_clear()
    tokenizer.cache_clear()


def fine_tunable(encoder: Encoder, task: TaskName, seed: int, vocabulary: Tensor | None = None) -> PreTrainedModel:
    """A copy to train. What has no θ* depends on ``seed`` alone, so that two methods with one seed start from the same
    weights.

    ``vocabulary`` holds the ids that the training data uses; with it, only their embeddings are copied and trained.
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


def fine_tuned(folder: Path, task: TaskName) -> Pretrained:
    """A fine-tuned model as ``save_pretrained`` wrote it, in fp32. Raises ``UserError`` where it cannot be read or
    lacks weights."""
    kept = Encoder(str(folder), "sha256:")
    model, missing = _load(task_named(task).auto_model, kept)
    if missing:
        raise UserError(f"weights: {str(folder)!r} lacks {_some(missing)}")
    prefix = f"{model.base_model_prefix}."
    return Pretrained(model, frozenset(name for name, _ in model.named_parameters() if not name.startswith(prefix)))


@lru_cache(maxsize=1)
def masked_language_model(encoder: Encoder) -> PreTrainedModel:
    """The encoder with its pretrained masked-language-model head, in fp32.

    Raises ``UserError`` where the checkpoint has no such head: a Fisher diagonal from an untrained one would be noise.
    """
    return _with_mlm_head(encoder).eval()


def outline(encoder: Encoder, task: TaskName) -> Pretrained:
    """``pretrained`` without its weights: names and shapes. Raises ``UserError`` where a file is torn or weights are
    lacking."""
    kind = task_named(task)
    return Pretrained(*_with_head(encoder, kind.auto_model, kind.labels, device_map=META))


@lru_cache(maxsize=4)
def masked_language_model_outline(encoder: Encoder) -> PreTrainedModel:
    """``masked_language_model`` without its weights: names and shapes."""
    return _with_mlm_head(encoder, device_map=META)


def positions(model: PreTrainedModel) -> int:
    """Sub-words, special tokens included, that a model has positions for; XLM-R and its kin begin to count after the
    padding's id."""
    count = getattr(model.config, "max_position_embeddings", None)
    if count is None or count < 1:  # XLNet says -1
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
    # A head that the checkpoint has, of whatever size, is not used: the head is the seed's.
    model, missing = _load(auto_model, encoder, **options, ignore_mismatched_sizes=True)
    if model.base_model is model:
        raise UserError(
            f"encoder: {encoder.path!r} has no body apart from its head in {type(model).__name__}; give another encoder"
        )
    prefix = f"{model.base_model_prefix}."
    lacking = {name.removeprefix(prefix) for name in missing if name.startswith(prefix)}
    if body := lacking & _masked_language_model_body(encoder, lacking):
        raise UserError(
            f"encoder: {encoder.path!r} lacks weights of its body, or has them in another size ({_some(body)}): there "
            "is no θ*"
        )
    return model, frozenset(
        name for name, _ in model.named_parameters() if not name.startswith(prefix) or name in missing
    )


def _masked_language_model_body(encoder: Encoder, lacking: set[str]) -> set[str]:
    """Weights of the body that pretraining gives: those of a masked language model. A pooler is not among them, and may
    be lacking."""
    if not lacking:
        return set()
    known = AutoConfig.from_pretrained(encoder.path, **encoder.loading, trust_remote_code=False)
    try:
        with META:
            model = transformers.AutoModelForMaskedLM.from_config(known)
    except ValueError:  # no such model of this kind: everything counts
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
    """The first of some weights' names."""
    return ", ".join(sorted(names)[:EXAMPLES_OF_NAMES])


def _load(auto: str, encoder: Encoder, **options: Any) -> tuple[PreTrainedModel, set[str]]:
    """The model, by the name of its class in ``transformers``, and the names of its weights that the checkpoint
    lacks."""
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
    """Options for ``from_pretrained`` that switch off those of ``SWITCHES`` that the encoder's config has on."""
    given, _ = PreTrainedConfig.get_config_dict(encoder.path, **encoder.loading)
    return {name: False for name in SWITCHES if given.get(name)}
