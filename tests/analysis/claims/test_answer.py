"""The answer as data: valid JSON with every field, listed verdicts, and sentences that state only the claims."""

import json
import re
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.claims.answer import Answer, answer, dumped
from analysis.claims.claim import Claim, Quantity, Runs, Scope, Verdict
from analysis.claims.sentences import rates
from analysis.results.view import View
from analysis.sections import answer as section
from analysis.statistics.spread.minimum_detectable import minimum_detectable_ratio
from harness.study.equivalence import DEFAULT
from tests.helpers.claim_rows import answered, claimed, flat, grid, normal
from tests.helpers.report_rows import NOTHING, Rows, holm, swapped_p, view

SAID: dict[str, tuple[Quantity, Verdict]] = {
    r"It is steadier": (Quantity.SPREAD, Verdict.LOWER),
    r"It is less steady": (Quantity.SPREAD, Verdict.HIGHER),
    r"It is as steady": (Quantity.SPREAD, Verdict.EQUIVALENT),
    r"It scores lower": (Quantity.MEAN, Verdict.LOWER),
    r"It scores higher": (Quantity.MEAN, Verdict.HIGHER),
    r"It scores the same": (Quantity.MEAN, Verdict.EQUIVALENT),
    r"collapses less often": (Quantity.COLLAPSE, Verdict.LOWER),
    r"collapses more often": (Quantity.COLLAPSE, Verdict.HIGHER),
}
"""Phrases that express a verdict."""
LOADED = re.compile(r"stead|\bhigher\b|\blower\b|\boften\b|\bbetter\b|\bworse\b|\bscores the same\b")


def forbid(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def parsed(found: Answer, sentences: list[str]) -> dict[str, Any]:
    read = json.loads(dumped(found, sentences), parse_constant=forbid)
    assert isinstance(read, dict)
    return read


def told(seen: View) -> list[str]:
    made = section.section(seen)
    assert made is not None
    return [part for part in made.parts if isinstance(part, str)]


@pytest.fixture(scope="module")
def rows() -> Rows:
    """Rows of three methods: a steadier and higher method, a method like the baseline, and a method that collapses."""
    scores = normal(41, 4, 2, vanilla=1.0, a=0.02, b=1.0, c=1.0)
    scores["a"] += 5
    return grid(scores, {"vanilla": [(0, 0)], "c": [(s, k) for s in range(4) for k in range(2)]})


def test_every_field_is_in_the_file_and_verdicts_are_listed(rows: Rows) -> None:
    found = answered(rows)
    read = parsed(found, ["A sentence."])
    assert {*read} == {"version", "study", "source", "baseline", "level", "metric", "claims", "sentences"}
    assert read["metric"] == {"words": "score", "unit": "points", "better": "higher"}
    assert (read["version"], read["source"], read["baseline"], read["level"]) == (1, "en", "vanilla", 0.05)
    assert read["sentences"] == ["A sentence."]
    names = {field.name for field in fields(Claim)}
    assert read["claims"]
    for claim in read["claims"]:
        assert {*claim} == names
        assert claim["verdict"] in {*Verdict}
        assert claim["quantity"] in {*Quantity}
        assert claim["scope"] in {*Scope}
        assert claim["runs"] in {*Runs}
        assert (claim["p"] is None) == (claim["corrected"] is None)
        if claim["p"] is None:
            assert claim["verdict"] in ("untested", "described")
            assert claim["reason"] or claim["verdict"] == "described"
        else:
            assert claim["low"] is None or claim["low"] <= claim["estimate"] <= claim["high"]
            assert 0 < claim["p"] <= claim["corrected"] <= 1


def restored(read: dict[str, Any]) -> Claim:
    """The claim behind an object in the file."""
    numbers = {name: float("nan") for name, value in read.items() if value is None}
    enums = {"quantity": Quantity, "scope": Scope, "runs": Runs, "verdict": Verdict}
    return Claim(**{**read, **numbers, **{name: kind(read[name]) for name, kind in enums.items()}})


def test_the_file_reads_back_to_the_same_claims(rows: Rows) -> None:
    found = answered(rows)
    for claim, read in zip(found.claims, parsed(found, [])["claims"], strict=True):
        extra = read["details"].pop("minimum detectable ratio", None)
        assert extra is None or (claim.quantity, claim.scope, claim.tested) == (Quantity.SPREAD, Scope.THESE, True)
        again = restored(read)
        assert again.to_json() == claim.to_json() == read
        assert (again.shown, again.tested, again.hopeless) == (claim.shown, claim.tested, claim.hopeless)


def test_the_power_is_in_the_file() -> None:
    scores = normal(42, 3, 3, vanilla=1, a=1)
    found = answered(grid(scores))
    (claim,) = [
        claim
        for claim in parsed(found, [])["claims"]
        if (claim["quantity"], claim["scope"]) == (Quantity.SPREAD, Scope.THESE)
    ]
    least = minimum_detectable_ratio(flat(scores["a"]), flat(scores["vanilla"])).ratio
    assert claim["details"]["minimum detectable ratio"] == pytest.approx(least)


def test_the_correction_is_over_methods_per_quantity_and_scope(rows: Rows) -> None:
    found = answered(rows)
    for quantity in Quantity:
        for scope in Scope:
            tested = [claim for claim in found.of(quantity, scope=scope) if claim.tested]
            p = {claim.method: claim.p for claim in tested}
            assert {claim.method: claim.corrected for claim in tested} == pytest.approx(holm(p) if p else {})
            assert all(claim.tests == len(tested) for claim in tested)


def check_words(found: Answer, parts: list[str]) -> None:
    """Check that every phrase of a verdict has a claim with that verdict on the named method."""
    for part in parts:
        assert NOTHING.search(part) is None, part
        for said, (quantity, verdict) in SAID.items():
            methods = [claim.method for claim in found.of(quantity) if claim.verdict is verdict]
            if quantity is Quantity.COLLAPSE:
                assert {*re.findall(rf"([a-c]) {said}", part)} <= {*methods}
            elif said in part:
                (method,) = {*re.findall(r"\b([a-c]) (?:has [\d.a-z ]+ times|is not compared)", part)}
                assert method in methods
        rest = part
        for said in SAID:
            rest = re.sub(said, "", rest)
        assert LOADED.search(rest) is None, rest


@settings(max_examples=15, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10_000),
    shape=st.sampled_from([(1, 2), (1, 6), (2, 3), (3, 1), (6, 1), (3, 2), (4, 2)]),
    sizes=st.lists(st.sampled_from([0.001, 0.05, 1.0, 20.0]), min_size=1, max_size=3),
    shift=st.sampled_from([0.0, 5.0, -5.0]),
    chance=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    own_seeds=st.booleans(),
)
def test_every_stated_verdict_has_a_claim_with_that_verdict(
    seed: int, shape: tuple[int, int], sizes: list[float], shift: float, chance: float, own_seeds: bool
) -> None:
    random = np.random.default_rng(seed)
    methods = dict(zip("abc", sizes, strict=False))
    scores = normal(seed, *shape, vanilla=1.0, **methods)
    scores = {method: np.clip(of + shift * (method != "vanilla"), 0, 100) for method, of in scores.items()}
    chances = {method: chance * (method != "b") for method in scores}
    fallen = {method: [place for place in np.ndindex(shape) if random.random() < chances[method]] for method in scores}
    seen = view(grid(scores, fallen, own_seeds=own_seeds))
    found = answer(seen)
    parts = told(seen)
    check_words(found, [part for part in parts if part not in seen.notes])
    parsed(found, parts)
    p = {}
    for claim in found.of(Quantity.SPREAD, scope=Scope.THESE):
        kept = [place for place in np.ndindex(shape) if place not in {*fallen[claim.method], *fallen["vanilla"]}]
        if claim.tested:
            ours, theirs = (np.array([scores[method][place] for place in kept]) for method in (claim.method, "vanilla"))
            p[claim.method] = swapped_p(ours, theirs)
        assert claim.n == len(kept)
    corrected = holm(p) if p else {}
    for claim in found.of(Quantity.SPREAD, scope=Scope.THESE):
        assert claim.shown == (corrected.get(claim.method, 1) <= 0.05)


def test_the_answer_has_the_collapses_of_several_baselines(rows: Rows) -> None:
    seen = view(rows, against={"a": "vanilla", "c": "b"})
    text = rates(answer(seen))
    assert text.startswith("Collapse: vanilla in 1 of 8 runs")
    assert all(f"{method} in {count} of 8 runs" in text for method, count in {"a": 0, "b": 0, "c": 8}.items())


def test_several_claims_of_a_method_are_found_by_their_scope(rows: Rows) -> None:
    found = answered(rows)
    assert [claim.scope for claim in found.of(Quantity.MEAN, "a")] == [*Scope]
    assert claimed(found, Quantity.MEAN, "a").verdict is Verdict.DESCRIBED
    assert found.claim(Quantity.MEAN, "none", Scope.THESE) is None


def test_the_reader_sets_the_bounds_of_equivalence() -> None:
    """A claim is equivalent if its 90 % interval is within the bounds; a claim of a difference keeps its verdict."""
    scores = normal(46, 8, 3, vanilla=1, a=1)
    scores["a"] += 0.2
    rows = grid(scores)
    scopes = Scope.THESE, Scope.SETTINGS
    for bounds, verdict in ((((0.99, 1.01), 0.01), Verdict.OPEN), (((0.1, 10.0), 9.0), Verdict.EQUIVALENT)):
        found = answer(view(rows).with_equivalence(*bounds))
        for quantity, scope in zip((Quantity.SPREAD, Quantity.MEAN), scopes, strict=True):
            assert claimed(found, quantity, "a", scope).verdict is verdict
        assert claimed(found, Quantity.SPREAD, "a").bounds == bounds[0]
        assert claimed(found, Quantity.MEAN, "a", Scope.SETTINGS).bounds == (-bounds[1], bounds[1])
        assert (f"within a ratio of {bounds[0][0]:.2f} to" in " ".join(told(view(rows).with_equivalence(*bounds)))) == (
            verdict is Verdict.EQUIVALENT
        )
    assert view(rows).with_equivalence(None, None).equivalence == DEFAULT
