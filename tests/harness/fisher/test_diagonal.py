"""The Fisher diagonal against gradients of one example at a time."""

import pytest
import torch

from harness.encoders import loading, pinning
from harness.fisher import diagonal
from harness.fisher.windows import Window, windows
from harness.methods.fisher_estimate import Estimate
from tests.helpers.data import ORIGIN

EXAMPLES = 5


def reference(model: torch.nn.Module, window: Window, estimator: str) -> torch.Tensor:
    """The log-likelihood of one window by the whole model, token by token, in float64."""
    log_p = (
        model(input_ids=window.ids[None], attention_mask=torch.ones(1, len(window.ids)))
        .logits[0]
        .double()
        .log_softmax(-1)
    )
    total = torch.zeros((), dtype=torch.float64)
    for place, observed, draw in zip(
        window.masked.tolist(), window.observed.tolist(), window.draws.tolist(), strict=True
    ):
        cumulated = log_p[place].detach().exp().cumsum(0)
        total = (
            total
            + log_p[place, observed if estimator == "empirical" else int((cumulated < draw * cumulated[-1]).sum())]
        )
    return total


@pytest.mark.parametrize("text", ["embedded", "task"])
@pytest.mark.parametrize("estimator", ["empirical", "sampled"])
def test_diagonal_is_the_mean_of_squared_gradients_of_each_example(encoder: str, estimator: str, text: str) -> None:
    pinned = pinning.find(encoder)
    model = loading.masked_language_model(pinned)
    examples = windows(pinned, Estimate(languages=("hi",), examples=EXAMPLES, text=text), ORIGIN)
    assert len({len(window.ids) for window in examples}) > 1  # so that there is padding
    found = diagonal.diagonal(model, examples, estimator)
    names, parameters = zip(*model.base_model.named_parameters(), strict=True)
    expected = [torch.zeros_like(p) for p in parameters]
    summed = [torch.zeros_like(p) for p in parameters]
    for window in (window for window in examples if len(window.masked)):
        for i, gradient in enumerate(
            torch.autograd.grad(reference(model, window, estimator), parameters, allow_unused=True)
        ):
            if gradient is not None:
                expected[i] += gradient**2 / EXAMPLES
                summed[i] += gradient / EXAMPLES
    largest = max(float(value.max()) for value in expected)
    for name, value in zip(names, expected, strict=True):
        # Key biases have no gradient except rounding: softmax is invariant to them.
        torch.testing.assert_close(
            found[name], value, rtol=1e-3, atol=1e-9 * largest, msg=lambda text, name=name: f"{name}: {text}"
        )
    # The square of the mean gradient, a known mistake, is a different number.
    wrong = sum(float((s**2).sum()) for s in summed)
    assert float(sum(v.sum() for v in found.values())) > 1.5 * wrong


def test_layers_and_the_loop_agree_over_several_batches_and_blocks(
    encoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pinned = pinning.find(encoder)
    model = loading.masked_language_model(pinned)
    examples = windows(pinned, Estimate(languages=("de", "zh"), examples=9, text="task"), ORIGIN)
    loop = diagonal.by_example(model, examples, "sampled")
    monkeypatch.setattr(diagonal, "TOKENS", 100)
    monkeypatch.setattr(diagonal, "BLOCK", 2**14)
    ours = diagonal.by_layer(model, examples, "sampled")
    largest = max(float(value.max()) for value in loop.values())
    for name, value in loop.items():
        torch.testing.assert_close(
            ours[name], value, rtol=1e-3, atol=1e-9 * largest, msg=lambda text, name=name: f"{name}: {text}"
        )


def test_layers_that_are_not_believed_give_way_to_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """The encoder uses a layer's weights outside the layer itself, so the flow through the layer misses a part."""
    pinned = pinning.find("embedded")
    model = loading.masked_language_model(pinned)
    examples = windows(pinned, Estimate(languages=("de",), examples=3), ORIGIN, 30)
    loop = diagonal.by_example(model, examples, "empirical")
    real = diagonal._Flow.add_squares
    monkeypatch.setattr(diagonal._Flow, "add_squares", lambda self, total: (self.calls.pop(5), real(self, total))[1])
    assert not diagonal._agree(diagonal.by_layer(model, examples, "empirical"), loop)
    chosen = diagonal.diagonal(model, examples)
    assert all(torch.equal(chosen[name], loop[name]) for name in loop)


def test_the_sampled_diagonal_estimates_the_expectation_over_the_model_s_own_labels() -> None:
    """F by definition: at one masked token, the mean over all labels, weighted by their probability, by enumeration."""
    torch.manual_seed(0)
    weights = torch.randn(7, 4, dtype=torch.float64, requires_grad=True)
    hidden = torch.randn(4, dtype=torch.float64)
    log_p = (weights @ hidden).log_softmax(0)
    gradients = [torch.autograd.grad(log_p[label], weights, retain_graph=True)[0] for label in range(7)]
    expected = sum(log_p[label].exp().detach() * gradients[label] ** 2 for label in range(7))
    count = 20_000
    window = Window(
        torch.zeros(1),
        torch.arange(count),
        torch.zeros(count, dtype=torch.long),
        torch.rand(count, dtype=torch.float64),
    )
    logits = (weights.detach() @ hidden).expand(1, count, 7).float()
    labels = diagonal._sampled(logits, window.observed[None], [window])[0]
    estimate = sum((labels == label).double().mean() * gradients[label] ** 2 for label in range(7))
    torch.testing.assert_close(estimate, expected, rtol=0.05, atol=0.01)
