"""The README's findings: each number is a number of the report on the results that ship."""

import re

import pytest

import analysis
from analysis.loaded import Loaded
from search_spaces import load
from tests.helpers.readme import PAGES

NUMBER = re.compile(r"[−+]?\d+(?:\.\d+)?")
FOUND = re.compile(r"^## What we found\n(.*?)^## ", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    return analysis.example("panx")


def test_every_number_is_the_report_s(loaded: Loaded) -> None:
    (section,) = FOUND.findall(PAGES["README.md"])
    prose = re.sub(r"`[^`]*`|\]\([^)]*\)", "", section)
    study = load(loaded.study)
    settings, seeds = {len(arm.settings) for arm in study.arms}, {len(arm.seeds) for arm in study.arms}
    sizes = {*settings, *seeds, len(loaded.methods), len(study.targets), loaded.frame["trial"].nunique()}
    shown = f"{' '.join(loaded.sentences)} {loaded.table('summary').plain()}"
    known = {*NUMBER.findall(shown), *map(str, sizes)}
    assert set(NUMBER.findall(prose)) <= known
    assert len(set(NUMBER.findall(prose))) > 10
