"""The README's findings: each number is a number of the report on the results that ship."""

import re

import pytest

import analysis
from search_spaces import load
from tests.helpers.readme import PAGES

NUMBER = re.compile(r"[−+]?\d+(?:\.\d+)?")
FOUND = re.compile(r"^## What we found\n(.*?)^## ", re.MULTILINE | re.DOTALL)
FINDINGS = re.compile(r"^- \*\*(\w+)\*\*: (.*?)(?=^- |\Z)", re.MULTILINE | re.DOTALL)


def findings() -> dict[str, str]:
    """The section's text by example. Text before the list belongs to all of them."""
    (section,) = FOUND.findall(PAGES["README.md"])
    prose = re.sub(r"`[^`]*`|\]\([^)]*\)", "", section)
    return {name: prose[: prose.index("- **")] + text for name, text in FINDINGS.findall(prose)}


def test_both_studies_have_findings() -> None:
    assert [*findings()] == ["panx", "udpos"]


@pytest.mark.parametrize("name", [*findings()])
def test_every_number_is_the_report_s(name: str) -> None:
    loaded = analysis.example(name)
    study = load(loaded.study)
    settings, seeds = {len(arm.settings) for arm in study.arms}, {len(arm.seeds) for arm in study.arms}
    sizes = {*settings, *seeds, len(loaded.methods), len(study.targets), loaded.frame["trial"].nunique()}
    shown = f"{' '.join(loaded.sentences)} {loaded.table('summary').plain()}"
    numbers = set(NUMBER.findall(findings()[name]))
    assert numbers <= {*NUMBER.findall(shown), *map(str, sizes)}
    assert len(numbers) > 8
