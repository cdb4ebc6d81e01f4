"""The Fisher information's diagonal for the masked-language-model loss (Section 3.2), from per-example gradients."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from harness.fisher.windows import Window
from harness.store.heartbeats import Progress

TOKENS = 2048
"""Largest number of tokens in a batch, padding included."""
LOGITS = 2**25
"""Largest number of logits in a batch."""
BLOCK = 2**20
"""Largest number of per-example gradient entries held at once, so that they stay in a processor's cache."""
TOLERANCE = 1e-3
"""Accepted difference of ``by_layer`` from ``by_example``, relative to a parameter's largest diagonal entry."""


def diagonal(
    model: PreTrainedModel,
    windows: Sequence[Window],
    estimator: str = "empirical",
    progress: Progress | None = None,
) -> dict[str, Tensor]:
    """F = 1/N Σₙ (∇θ log p(masked tokens of window n))², by parameter name within the body, shaped as the parameter.

    The square is taken per window: the square of a batch's mean gradient is not a Fisher diagonal. The log-likelihood
    is the sum over a window's masked tokens, in nats. ``estimator`` selects observed or sampled tokens, see
    ``harness.methods.fisher_estimate``. Parameters that do not affect the loss, such as a pooler's, have zeros.

    ``by_layer`` computes the gradients of a batch at a time. The slower ``by_example`` is used if a layer is unknown,
    or if the two differ on two windows (DeBERTa's relative positions). ``progress`` counts the windows with a masked
    token.
    """
    shortest_first = sorted(windows, key=lambda window: len(window.ids))
    masked = [window for window in shortest_first if len(window.masked)]
    probe = [masked[0], masked[-1]]
    progress = progress or Progress()
    progress.begin("computing", len(masked), unit="window")
    try:
        if _agree(by_layer(model, probe, estimator), by_example(model, probe, estimator)):
            return by_layer(model, shortest_first, estimator, progress)
    except UnknownLayerError:
        pass
    return by_example(model, windows, estimator, progress)


class UnknownLayerError(Exception):
    """The error for a layer that is no linear map, embedding or layer norm, or that mixes examples."""


def by_example(
    model: PreTrainedModel, windows: Sequence[Window], estimator: str, progress: Progress | None = None
) -> dict[str, Tensor]:
    """``diagonal`` by autograd, one window after another."""
    parameters = dict(model.base_model.named_parameters())
    total = {name: torch.zeros_like(parameter) for name, parameter in parameters.items()}
    model.requires_grad_(True)
    for window in windows:
        if not len(window.masked):
            continue
        gradients = torch.autograd.grad(_loss(model, [window], estimator), list(parameters.values()), allow_unused=True)
        for name, gradient in zip(parameters, gradients, strict=True):
            if gradient is not None:
                total[name].addcmul_(gradient, gradient)
        if progress is not None:
            progress.add(1, len(window.ids))
    return {name: value / len(windows) for name, value in total.items()}


def by_layer(
    model: PreTrainedModel, windows: Sequence[Window], estimator: str, progress: Progress | None = None
) -> dict[str, Tensor]:
    """``diagonal`` from the layers' inputs and output gradients. Raises ``UnknownLayerError`` for an unknown layer."""
    total = {name: torch.zeros_like(parameter) for name, parameter in model.base_model.named_parameters()}
    model.requires_grad_(False)  # autograd goes through the layers without summing their gradients over the batch
    try:
        for batch in _batches(windows, model):
            with torch.enable_grad(), _Flow(model, len(batch)) as flow:
                _loss(model, batch, estimator).backward()
            with torch.no_grad():
                flow.add_squares(total)
            if progress is not None:
                progress.add(len(batch), sum(len(window.ids) for window in batch))
    finally:
        model.requires_grad_(True)
    return {name: value / len(windows) for name, value in total.items()}


def _agree(ours: dict[str, Tensor], loop: dict[str, Tensor]) -> bool:
    largest = max(float(value.max()) for value in loop.values())
    return all(
        float((ours[name] - value).abs().max()) <= TOLERANCE * float(value.max()) + 1e-9 * largest
        for name, value in loop.items()
    )


def _batches(windows: Sequence[Window], model: PreTrainedModel) -> Iterator[list[Window]]:
    """Batches of consecutive windows, padded to their longest window, within the limits on tokens and logits."""
    vocabulary = model.config.vocab_size
    batch: list[Window] = []
    for window in windows:
        if not len(window.masked):
            continue
        size = len(batch) + 1
        longest = max(len(w.ids) for w in (*batch, window))
        predicted = max(len(w.masked) for w in (*batch, window))
        if batch and (size * longest > TOKENS or size * predicted * vocabulary > LOGITS):
            yield batch
            batch = []
        batch.append(window)
    if batch:
        yield batch


def _loss(model: PreTrainedModel, batch: Sequence[Window], estimator: str) -> Tensor:
    """− Σ log p of the batch's masked tokens. The head runs only at their positions."""
    lengths = torch.tensor([len(window.ids) for window in batch])
    ids = nn.utils.rnn.pad_sequence(
        [window.ids for window in batch], batch_first=True, padding_value=model.config.pad_token_id or 0
    )
    attended = (torch.arange(ids.shape[1]) < lengths[:, None]).long()
    positions, observed = (
        nn.utils.rnn.pad_sequence(values, batch_first=True, padding_value=padding).to(model.device)
        for values, padding in (([window.masked for window in batch], 0), ([window.observed for window in batch], -100))
    )

    def gather(module: nn.Module, inputs: Any, output: Any) -> Any:
        hidden = output[0]
        output["last_hidden_state"] = hidden.gather(1, positions[..., None].expand(-1, -1, hidden.shape[-1]))
        return output

    handle = model.base_model.register_forward_hook(gather)
    try:
        logits = model(input_ids=ids.to(model.device), attention_mask=attended.to(model.device)).logits.float()
    finally:
        handle.remove()
    labels = observed if estimator == "empirical" else _sampled(logits.detach(), observed, batch)
    return nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=-100, reduction="sum")


def _sampled(logits: Tensor, observed: Tensor, batch: Sequence[Window]) -> Tensor:
    """Labels sampled from the model at the masked positions. Each window has its own draws, whatever its batch."""
    draws = nn.utils.rnn.pad_sequence([window.draws for window in batch], batch_first=True).to(logits.device)
    cumulated = logits.double().softmax(-1).cumsum(-1)
    labels = (
        torch.searchsorted(cumulated, draws[..., None] * cumulated[..., -1:])
        .squeeze(-1)
        .clamp(max=logits.shape[-1] - 1)
    )
    return labels.masked_fill(observed == -100, -100)


class _Flow:
    """Inputs and output gradients of every layer with a parameter of the body, recorded in a ``with`` block."""

    def __init__(self, model: PreTrainedModel, batch: int) -> None:
        self.batch = batch
        self.names = {id(parameter): name for name, parameter in model.base_model.named_parameters()}
        self.calls: list[tuple[nn.Module, Tensor, list[Tensor]]] = []
        """Layer, its input, and the gradient of its output, in a list that the backward pass fills."""
        self.layers = [m for m in model.modules() if any(id(p) in self.names for p in m.parameters(recurse=False))]

    def __enter__(self) -> "_Flow":
        self.handles = [layer.register_forward_hook(self._watch) for layer in self.layers]
        return self

    def __exit__(self, *error: object) -> None:
        for handle in self.handles:
            handle.remove()

    def _watch(self, layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        known = type(layer) in (nn.Linear, nn.Embedding, nn.LayerNorm) and len(inputs) == 1
        if not known or output.ndim != 3 or output.shape[0] not in (1, self.batch):
            raise UnknownLayerError(type(layer).__name__)
        if not output.requires_grad:
            output = output.detach().requires_grad_().clone()  # the graph begins here
        # An output shared by all examples, such as position embeddings, is copied to get a gradient per example.
        whole = output.expand(self.batch, -1, -1).clone() if output.shape[0] != self.batch else output
        entered = inputs[0].expand(self.batch, *inputs[0].shape[1:])
        gradient: list[Tensor] = []
        whole.register_hook(gradient.append)
        self.calls.append((layer, entered.detach(), gradient))
        return whole

    def add_squares(self, total: dict[str, Tensor]) -> None:
        """Add Σₙ (gradient of example n)² to the totals."""
        products: dict[str, list[tuple[Tensor, Tensor]]] = defaultdict(list)
        lookups: dict[str, list[tuple[Tensor, Tensor]]] = defaultdict(list)
        sums: dict[str, list[Tensor]] = defaultdict(list)
        for layer, entered, gradients in self.calls:
            if not gradients:
                continue  # the loss does not depend on the layer
            gradient = gradients[0]
            if isinstance(layer, nn.Linear):
                self._note(products, layer.weight, (gradient, entered))
            elif isinstance(layer, nn.Embedding):
                padded = (
                    entered == layer.padding_idx
                    if layer.padding_idx is not None
                    else torch.zeros_like(entered, dtype=torch.bool)
                )
                self._note(lookups, layer.weight, (entered, gradient.masked_fill(padded[..., None], 0)))
            else:
                assert isinstance(layer, nn.LayerNorm)
                normal = nn.functional.layer_norm(entered, layer.normalized_shape, eps=layer.eps)
                self._note(sums, layer.weight, (gradient * normal).sum(1))
            if getattr(layer, "bias", None) is not None:
                self._note(sums, layer.bias, gradient.sum(1))
        for name, parts in sums.items():
            total[name] += torch.stack(parts).sum(0).square().sum(0)
        for name in products.keys() | lookups.keys():
            looked = _joined(lookups[name]) if lookups[name] else None
            if products[name]:
                _add_products(total[name], *_joined(products[name]), looked)
            elif looked is not None:
                _add_lookups(total[name], *looked)

    def _note(self, found: dict[str, list[Any]], parameter: Any, part: Any) -> None:
        if id(parameter) in self.names:
            found[self.names[id(parameter)]].append(part)


def _joined(calls: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """The tensor pairs of all calls of layers that share a parameter, concatenated along the tokens."""
    if len(calls) == 1:
        return calls[0]  # no copy
    first, second = (torch.cat(side, 1) for side in zip(*calls, strict=True))
    return first, second


def _add_products(total: Tensor, outward: Tensor, inward: Tensor, looked: tuple[Tensor, Tensor] | None) -> None:
    """Add Σₙ (Gₙ)², Gₙ = Σₜ outward[n, t] ⊗ inward[n, t], to a matrix (out, in), a block of its rows at a time.

    Args:
        total: The matrix (out, in) to add to.
        outward: Output gradients (examples, tokens, out).
        inward: Inputs (examples, tokens, in).
        looked: Ids (examples, tokens') and gradients (examples, tokens', in) to add to Gₙ's rows, if the matrix is
            also an embedding.
    """
    examples, rows = len(outward), max(1, BLOCK // (len(outward) * inward.shape[-1]))
    if looked is not None:
        ids, order = looked[0].flatten().sort()
        owners = torch.arange(examples, device=ids.device).repeat_interleave(looked[0].shape[1])[order]
        gradients = looked[1].flatten(0, 1)[order]
        bounds = torch.searchsorted(ids, torch.arange(0, len(total) + rows, rows, device=ids.device)).tolist()
    for number, start in enumerate(range(0, len(total), rows)):
        block = torch.bmm(outward[:, :, start : start + rows].transpose(1, 2), inward)
        if looked is not None:
            here = slice(bounds[number], bounds[number + 1])
            block.index_put_((owners[here], ids[here] - start), gradients[here], accumulate=True)
        total[start : start + rows] += block.square_().sum(0)


def _add_lookups(total: Tensor, ids: Tensor, gradients: Tensor) -> None:
    """Add Σₙ (Gₙ)² to an embedding (vocabulary, width). Gₙ sums ``gradients`` (examples, tokens, width) by id."""
    owners = torch.arange(len(ids), device=ids.device)[:, None]
    own, place = (owners * len(total) + ids).flatten().unique(return_inverse=True)
    summed = torch.zeros(len(own), total.shape[1], device=total.device).index_add_(0, place, gradients.flatten(0, 1))
    total.index_add_(0, own % len(total), summed.square_())
