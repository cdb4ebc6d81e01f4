"""The content that a study's YAML file may have; it must not run code or take all memory."""

import os
import re
import time
from pathlib import Path

import pytest

import search_spaces
from harness.common import yaml_files
from harness.common.errors import UserError

PAIRED = "[" + ", ".join(["*{0}"] * 10) + "]"
LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} {PAIRED.format(f'a{i - 1}')}\n" for i in range(1, 10)
)
MERGES = "b0: &b0 {x: 1}\n" + "".join(f"b{i}: &b{i} {{<<: {PAIRED.format(f'b{i - 1}')}}}\n" for i in range(1, 10))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("!!python/object/apply:os.system ['true']", "could not determine a constructor"),
        ("a: !!python/name:os.system", "could not determine a constructor"),
        (LAUGHS, "it comes to more than 2000000 values"),
        (MERGES, "it comes to more than 2000000 values"),
        ("a: &a [*a]", "an alias refers to the value that contains it"),
        ("a: &a {b: *a}", "an alias refers to the value that contains it"),
        ("[" * 100_000, "it is nested too deeply"),
        ("{a: " * 100_000, "it is nested too deeply"),
        ("task: udpos\nname: a\ntask: xnli", "the key 'task' is given twice"),
        ("seeds: [!!int '']", "string index out of range"),
        ("question: !!timestamp x", "not readable as YAML"),
        ("a: " + "9" * 10_000, "not readable as YAML"),
        ("task: udpos\nseeds: [0, 010]", "010 begins with a zero"),
        ("task: udpos\nseeds: [08]", "a.yaml:2: not readable as YAML: 08 begins with a zero"),
        ("max_steps: 1:30", "1:30 is read as a number of base 60"),
        ("targets: [de, no]", 'no is read as true or false: put it in quotes: "no"'),
        ("on: 1", "on is read as true or false"),
    ],
)
def test_yaml_holds_plain_values_of_a_bounded_number(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(content, encoding="utf-8")
    start = time.monotonic()
    with pytest.raises(UserError, match=re.escape(message)) as told:
        search_spaces.load(str(file))
    assert time.monotonic() - start < 5
    assert len(str(told.value)) < 500


def test_an_absurdly_large_file_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.touch()
    os.truncate(file, 2**40)  # takes no disk: the file is sparse
    with pytest.raises(UserError, match=r"a\.yaml: has 1099511627776 bytes; give a file of at most 10000000"):
        search_spaces.load(str(file))


def test_words_that_need_no_quotes() -> None:
    text = "[true, False, 0, 0.5, 1_000, 1e-3, -7, 'no', \"010\", a:b, 0x10]"
    assert yaml_files.parsed(text, "x") == [True, False, 0, 0.5, 1000, "1e-3", -7, "no", "010", "a:b", 16]
