"""The documentation's pages: links lead somewhere, code parses, commands and their options exist."""

import argparse
import ast
import json
import re
import shlex
from collections.abc import Iterator

import pytest
import yaml

from harness.cli.main import parser
from tests.helpers.readme import DOCUMENTATION, PAGES, ROOT, blocks

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
FOREIGN = set(
    """
    --address --backend-store-uri --check --cpus-per-task --encoder --generate --gpus-per-node
    --head --help --hypothesis-profile --languages --logdir --min-nodes
    --no-deps --node-dies --nodes --ntasks-per-node --peers --port --precision --rates --screen
    --gpus --open-mode --requeue --seeds --signal --steps --time --warmup
    """.split()
)
"""Options of other programs and of benchmarks."""


def headings(text: str) -> list[str]:
    """Anchors of a page's headings, as GitHub makes them."""
    found = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found]


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files_and_headings(page: str) -> None:
    for link in LINK.findall(PAGES[page]):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.resolve().exists(), link
        if anchor:
            assert anchor in headings(target.read_text(encoding="utf-8")), link


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_short_and_lists_its_contents(page: str) -> None:
    text = PAGES[page]
    assert text.count("\n") <= (200 if page == "README.md" else 250)
    listed = re.findall(r"^- \[[^\]]*\]\(#([^)]*)\)$", text, re.MULTILINE)
    if listed:
        second = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
        assert listed == headings("\n".join(re.findall(r"^## .+$", second, re.MULTILINE)))


def test_code_parses() -> None:
    for code in blocks("python"):
        ast.parse(code)
    for code in blocks("yaml"):
        assert isinstance(yaml.safe_load(code), dict)
    for code in blocks("json"):
        json.loads(code)


def commands() -> Iterator[list[str]]:
    """Arguments of every ``steadytune`` command in a block of shell code or an indented block."""
    indented = re.findall(r"(?:^    .*\n)+", DOCUMENTATION, re.MULTILINE)
    for code in [*blocks("sh"), *indented]:
        for line in code.replace("\\\n", " ").splitlines():
            _, found, rest = line.partition("steadytune ")
            if found and "pip install" not in rest:
                yield shlex.split(rest, comments=True)


def test_commands_are_taken() -> None:
    taken = [parser().parse_args(arguments) for arguments in commands()]
    assert len(taken) > 20


def options(of: argparse.ArgumentParser) -> set[str]:
    found = {option for action in of._actions for option in action.option_strings}
    below = [action.choices for action in of._actions if isinstance(action, argparse._SubParsersAction)]
    return found.union(*(options(one) for choices in below for one in choices.values()))


def test_options_that_a_page_names_exist_and_every_option_is_named() -> None:
    named = set(OPTION.findall(DOCUMENTATION))
    known = {option for option in options(parser()) if option.startswith("--")}
    assert named - FOREIGN <= known
    assert known - named - {"--version"} == set()
