"""YAML as users write it: plain values only, each key once, limited in size. Imports neither torch nor Ray."""

import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass
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
ENTRY = re.compile(r"entry (\d+)")
"""A part of a message that says which entry of a list is wrong."""
WRONG_NAME = re.compile(r"there is no '([^']*)'")
"""The part of a message that quotes an unknown name."""
MAX_BYTES = 10_000_000
"""Largest size of a study's file; a larger file would take minutes to read."""
MAX_VALUES = 2_000_000
"""Largest number of values in a file. Each alias (``*name``) counts as all the values that it repeats."""


# PyYAML is used although ruamel.yaml refuses repeated keys: ruamel.yaml does not limit aliases either, and no other
# code needs ruamel.yaml.
class _Loader(yaml.SafeLoader):
    """Safe loading that limits aliases and refuses repeated keys, of which YAML would keep the last."""

    root: yaml.Node | None = None
    """The outermost node, with the lines of all others."""

    def get_single_node(self) -> yaml.Node | None:
        self.root = node = super().get_single_node()
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
        return f'{word} begins with a zero, as a number of base 8 does: leave out the zero, or quote the word: "{word}"'
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


def parsed(text: str, where: str, loader: "Callable[[str], _Loader]" = _Loader) -> Any:
    """The plain values of a YAML text.

    Raises ``UserError`` that begins with ``where`` for other values and for invalid YAML.
    """
    try:
        return loader(text).get_single_data()
    except RecursionError:
        raise UserError(f"{where}: not readable as YAML: it is nested too deeply") from None
    except Exception as error:  # conversions in PyYAML raise errors of any type: an empty !!int is an IndexError
        raise UserError(f"{where}{_line(error)}: not readable as YAML: {_said(error)}") from None


@dataclass(frozen=True)
class Document:
    """The plain values of a YAML file, and their lines."""

    file: Path
    values: Any
    root: yaml.Node | None

    @classmethod
    def read(cls, file: Path) -> "Document":
        """The file's document. Raises ``UserError`` as ``parsed`` does."""
        text, loaders = files.text(files.read(file, MAX_BYTES), str(file)), []

        def loader(stream: str) -> _Loader:
            loaders.append(_Loader(stream))
            return loaders[-1]

        values = parsed(text, str(file), loader)
        return cls(file, values, loaders[0].root)

    def knows(self, field: str) -> bool:
        """Whether the outermost mapping has a field."""
        return self.root is not None and _field(self.root, field) is not None

    def placed(self, message: str) -> str:
        """A message with file and line in front: the line of the innermost value that the message's words lead to."""
        rest = message.removeprefix(f"{self.file}: ")
        node, line = self.root, None
        for part in rest.split(": "):
            wrong = WRONG_NAME.match(part)
            if node is not None and (found := _step(node, wrong[1] if wrong else part)) is not None:
                line, node = found
            if wrong:
                break
        return f"{self.file}{'' if line is None else f':{line + 1}'}: {rest}"


def _step(node: yaml.Node, word: str) -> tuple[int, yaml.Node] | None:
    """The line and the node of a message's part: a field, an entry's number or a method's name; else ``None``."""
    if isinstance(node, yaml.SequenceNode):
        if (numbered := ENTRY.fullmatch(word)) and int(numbered[1]) <= len(node.value):
            entry = node.value[int(numbered[1]) - 1]
            return entry.start_mark.line, entry
        return _step(node.value[0], word) if len(node.value) == 1 else None
    if (found := _field(node, word)) is not None:
        return found
    methods = _field(node, "methods")
    if methods is not None and isinstance(methods[1], yaml.SequenceNode):
        for entry in methods[1].value:
            name = _field(entry, "name")
            if word in (entry.value, name[1].value if name is not None else None):
                return entry.start_mark.line, entry
    return None


def _field(node: yaml.Node, name: str) -> tuple[int, yaml.Node] | None:
    """The line and the value of a mapping's field."""
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next(((key.start_mark.line, value) for key, value in pairs if key.value == name), None)


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
