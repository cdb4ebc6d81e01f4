"""YAML as users write it: plain values only, each key once, limited in size. Imports neither torch nor Ray."""

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from harness.common import fields, files
from harness.common.errors import UserError

MERGE = "tag:yaml.org,2002:merge"
"""Tag of the key ``<<``, which merges another mapping."""
BOOLEAN = "tag:yaml.org,2002:bool"
NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
LEADING_ZERO = re.compile(r"[-+]?0[0-9_]+(\.[0-9_]*)?([eE][-+]?[0-9]+)?")
MAX_BYTES = 10_000_000
"""Largest size of a study's file; a larger file would take minutes to read."""
MAX_VALUES = 2_000_000
"""Largest number of values in a file. Each alias (``*name``) counts as all the values that it repeats."""


# PyYAML is used although ruamel.yaml refuses repeated keys: ruamel.yaml does not limit aliases either, and nothing else
# needs it.
class _Loader(yaml.SafeLoader):
    """Safe loading that limits aliases and refuses repeated keys, of which YAML would keep the last."""

    def get_single_node(self) -> yaml.Node | None:
        node = super().get_single_node()
        if node is not None and _size(node, {}) > MAX_VALUES:
            raise yaml.YAMLError(f"it comes to more than {MAX_VALUES} values")
        return node

    def compose_scalar_node(self, anchor: dict[Any, yaml.Node]) -> yaml.ScalarNode:
        node = super().compose_scalar_node(anchor)
        if node.style is None and (why := _misread(node)):
            raise yaml.MarkedYAMLError(problem=why, problem_mark=node.start_mark)
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = {key: self.construct_object(key, deep=True) for key, _ in node.value if key.tag != MERGE}
        if (twice := fields.repeated([*keys.values()])) is not None:
            last = [key for key, name in keys.items() if name == twice][-1]
            raise yaml.MarkedYAMLError(problem=f"the key {twice!r} is given twice", problem_mark=last.start_mark)
        return super().construct_mapping(node, deep)


def _misread(node: yaml.ScalarNode) -> str:
    """The reason why YAML 1.1, which PyYAML implements, misreads an unquoted word; empty if it does not."""
    word = node.value
    if node.tag == BOOLEAN and word.lower() not in ("true", "false"):
        return f'{word} is read as true or false: put it in quotes: "{word}", or write true or false'
    if LEADING_ZERO.fullmatch(word):
        return f'{word} begins with a zero, as a number of base 8 does: leave it out, or put it in quotes: "{word}"'
    if node.tag in NUMBERS and ":" in word:
        return f'{word} is read as a number of base 60: write the number, or put it in quotes: "{word}"'
    return ""


def _size(node: yaml.Node, known: dict[int, int]) -> int:
    """Number of values in a node, each alias counted as all its values.

    ``known`` maps node ids to sizes, and to 0 for a node that is still being counted.
    """
    if (size := known.get(id(node))) is not None:
        if not size:
            raise yaml.MarkedYAMLError(
                problem="an alias refers to the value that contains it", problem_mark=node.start_mark
            )
        return size
    known[id(node)] = 0
    parts: list[yaml.Node] = []
    if isinstance(node, yaml.MappingNode):
        parts = [part for pair in node.value for part in pair]
    elif isinstance(node, yaml.SequenceNode):
        parts = node.value
    known[id(node)] = size = 1 + sum(_size(part, known) for part in parts)
    return size


def read(file: Path) -> Any:
    """The plain values of a file; see ``parsed``."""
    return parsed(files.text(files.read(file, MAX_BYTES), str(file)), str(file))


def parsed(text: str, where: str) -> Any:
    """The plain values of a YAML text.

    Raises ``UserError`` that begins with ``where`` for other values and for invalid YAML.
    """
    try:
        return yaml.load(text, _Loader)
    except RecursionError:
        raise UserError(f"{where}: not readable as YAML: it is nested too deeply") from None
    except Exception as error:  # conversions in PyYAML raise errors of any type: an empty !!int is an IndexError
        raise UserError(f"{where}{_line(error)}: not readable as YAML: {_said(error)}") from None


def _line(error: Exception) -> str:
    """The line of an error in YAML, such as ``:3``; empty if it has none."""
    mark = getattr(error, "problem_mark", None)
    return f":{mark.line + 1}" if mark is not None else ""


def _said(error: Exception) -> str:
    """An error on one line, without the places and the excerpts of PyYAML."""
    context, problem = (getattr(error, part, None) for part in ("context", "problem"))
    if problem:
        return " ".join(", ".join(filter(None, (context, problem))).split())
    return " ".join(str(error).split()) or type(error).__name__
