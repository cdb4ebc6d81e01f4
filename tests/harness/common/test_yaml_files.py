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


STUDY = """task: udpos
targets: [de]
seeds: [0]
methods:
  - vanilla
  - name: l2
    strength: 0.1
  - [{name: l2, strength: 1}, {name: layerwise_decay, decay: 0.9}]
settings:
  - {learning_rate: 1e-3, max_steps: 2}
  - {learning_rate: 2e-3, max_steps: 2}
"""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("strength: 0.1->strength: -1", "a.yaml:7: methods: entry 2: l2: strength: -1.0 is not allowed; give a finite"),
        ("strength: 0.1->strong: 1", "a.yaml:7: methods: entry 2: l2: field: there is no 'strong'. Did you mean"),
        ("    strength: 0.1->    seeds: [0]", "a.yaml:6: methods: entry 2: l2: the field 'strength' is missing"),
        ("- vanilla->- vanila", "a.yaml:5: methods: entry 1: there is no 'vanila'. Did you mean 'vanilla'?"),
        ("decay: 0.9->decay: 9", "a.yaml:8: methods: entry 3: layerwise_decay: decay: 9.0 is not allowed"),
        ("2e-3, max_steps: 2->2e-3, max_steps: x", "a.yaml:11: settings: entry 2: max_steps: 'x' is not allowed"),
        ("seeds: [0]->seeds: [0, 0]", "a.yaml:3: seeds: 0 is not allowed; give each entry once"),
        ("targets: [de]->tragets: [de]", "a.yaml:2: field: there is no 'tragets'. Did you mean 'targets'?"),
        ("targets: [de]->targets:", "a.yaml:2: targets: None is not allowed; give a list"),
        ("seeds: [0]->search: {learning_rate: {uniform: [2, 1]}, trials: 2}\nseeds: [0]", "a.yaml:3: search: "),
        ("seeds: [0]->seeds: [0]\nlooks: 99", "a.yaml:4: looks: 99 is not allowed"),
        ("- name: l2\n    strength: 0.1->- {name: ewc, strength: 1, languages: [fr]}", "a.yaml:6: ewc: languages: "),
        ("task: udpos->task: {kind: txt}", "a.yaml:1: task: kind: there is no 'txt'. Did you mean 'text'?"),
        ("task: udpos->task: {kind: text, text: a, label: b}\ndata: '{split}-{lang}.csv'", "a.yaml:2: data: "),
    ],
)
def test_an_error_names_its_line(tmp_path: Path, change: str, message: str) -> None:
    old, new = change.split("->")
    assert old in STUDY
    file = tmp_path / "a.yaml"
    file.write_text(STUDY.replace(old, new), encoding="utf-8")
    with pytest.raises(UserError, match=re.escape(f"{tmp_path}/{message}")):
        search_spaces.load(str(file))


def test_a_wrong_placeholder_is_named(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    data = "task: {kind: text, text: a, label: b}\ndata: '{split}-{lang}.csv'"
    file.write_text(STUDY.replace("task: udpos", data))
    with pytest.raises(UserError, match=re.escape("there is no '{lang}'. Did you mean '{language}'?")):
        search_spaces.load(str(file))


def test_an_absurdly_large_file_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.touch()
    os.truncate(file, 2**40)  # takes no disk: the file is sparse
    with pytest.raises(UserError, match=r"a\.yaml: has 1099511627776 bytes; give a file of at most 10000000"):
        search_spaces.load(str(file))


def test_words_that_need_no_quotes() -> None:
    text = "[true, False, 0, 0.5, 1_000, 1e-3, -7, 'no', \"010\", a:b, 0x10]"
    assert yaml_files.parsed(text, "x") == [True, False, 0, 0.5, 1000, "1e-3", -7, "no", "010", "a:b", 16]
