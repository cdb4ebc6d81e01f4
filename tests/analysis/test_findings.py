"""The README's findings: each number is a number of the report on the results that ship."""

import re

import pytest

import analysis
from tests.helpers.readme import PAGES

NUMBER = re.compile(r"[−+]?\d+(?:\.\d+)?")
FOUND = re.compile(r"^## What we found\n(.*?)^## ", re.MULTILINE | re.DOTALL)
FINDINGS = re.compile(r"^- \*\*(\w+)\*\*: (.*?)(?=^- |\Z)", re.MULTILINE | re.DOTALL)


(SECTION,) = FOUND.findall(PAGES["README.md"])
FINDING = dict(FINDINGS.findall(re.sub(r"`[^`]*`|\]\([^)]*\)", "", SECTION)))
"""The section's list: text by example."""


def test_every_study_has_findings_and_its_number_of_trials() -> None:
    assert [*FINDING] == ["panx", "udpos", "ladder"]
    first = SECTION[: SECTION.index("- **")]
    trials = [analysis.example(name).frame["trial"].nunique() for name in FINDING]
    assert f"has {trials[0]} fine-tunings" in first
    assert trials[0] == trials[1]
    assert f"`example/ladder` has {trials[2]}" in first


@pytest.mark.parametrize("name", [*FINDING])
def test_every_number_is_the_report_s(name: str) -> None:
    loaded = analysis.example(name)
    shown = f"{' '.join(loaded.sentences)} {loaded.table('summary').plain()}"
    numbers = set(NUMBER.findall(FINDING[name]))
    assert numbers <= {*NUMBER.findall(shown), str(len(loaded.methods) - 1)}
    assert len(numbers) >= 4
