"""Windows of text: the same every time, masked, and equal in form for all languages."""

import torch

from harness.encoders import pinning
from harness.fisher.windows import WINDOW, windows
from harness.methods.fisher_estimate import Estimate
from tests.helpers.data import ORIGIN


def test_windows_are_the_same_every_time_and_masked() -> None:
    first, second = (
        windows(pinning.find("embedded"), Estimate(languages=("de",), examples=5), ORIGIN) for _ in range(2)
    )
    for a, b in zip(first, second, strict=True):
        assert torch.equal(a.ids, b.ids)
        assert torch.equal(a.observed, b.observed)
        assert torch.equal(a.draws, b.draws)
    assert 0.08 < sum(len(w.masked) for w in first) / sum(len(w.ids) for w in first) < 0.25
    assert all(len(w.ids) <= WINDOW for w in first)
    other = windows(pinning.find("embedded"), Estimate(languages=("de",), examples=5, masking_seed=1), ORIGIN)
    assert not all(torch.equal(a.ids, b.ids) for a, b in zip(first, other, strict=True))


def test_mixed_text_has_equal_shares() -> None:
    encoder = pinning.find("embedded")
    mixed = windows(encoder, Estimate(languages=("de", "en"), examples=5), ORIGIN)
    assert Estimate(languages=("de", "en"), examples=5).shares == {"de": 3, "en": 2}
    whole = [window.ids.clone() for window in mixed]
    for ids, window in zip(whole, mixed, strict=True):
        ids[window.masked] = window.observed
    alone = [windows(encoder, Estimate(languages=(language,), examples=3), ORIGIN) for language in ("de", "en")]
    for own, ids in zip([*alone[0], *alone[1][:2]], whole, strict=True):
        restored = own.ids.clone()
        restored[own.masked] = own.observed
        assert torch.equal(restored, ids)
