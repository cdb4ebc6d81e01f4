"""Classes of methods in a user's file."""

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.common import fields
from harness.common.errors import UserError, bad, unknown
from harness.common.users import own_code
from harness.methods.base import Method

NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
RESERVED = frozenset(("name", "file", "code", "whole", "settings", "seeds"))
"""Keys beside the options of a method or arm in JSON."""


def class_in(file: Path, name: str) -> type[Method]:
    """The class with a method's ``name`` in a file; with no name, the file's only class.

    Raises ``UserError`` for a file without it, and for a class that no study can use.
    """
    module, shown = own_code.executed(file).module, own_code.original(file)
    classes = [
        found
        for found in dict.fromkeys(one for one in vars(module).values() if isinstance(one, type))
        if issubclass(found, Method) and found.__module__ == module.__name__
    ]
    if not classes:
        raise UserError(f"{shown}: it must define a class that extends harness.methods.Method")
    for found in classes:
        _check(found, shown)
    names = {found.name: found for found in classes}
    if len(names) < len(classes):
        raise UserError(f"{shown}: two of its methods have the same name; rename one")
    if not name and len(names) > 1:
        raise UserError(f"{shown}: it defines several methods; give 'name', one of {', '.join(sorted(names))}")
    if name and name not in names:
        raise unknown(f"{shown}: method", name, names)
    return names[name] if name else classes[0]


def made(file: Path, name: str, options: Mapping[str, Any]) -> Method:
    """The method of a file with some options. Raises ``UserError`` with the nearest name for an unknown option."""
    kind = class_in(file, name)
    return fields.build(kind, f"methods: {kind.name}", options)


def _check(kind: type[Method], shown: str) -> None:
    """Refuse a class that is no dataclass, or that has an unusable name or option."""
    where = f"{shown}: {kind.__name__}"
    if "__dataclass_fields__" not in vars(kind):
        raise UserError(f"{where}: write @dataclass(frozen=True, kw_only=True) above the class")
    name = getattr(kind, "name", None)
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise bad(f"{where}.name", name, 'a ClassVar[str] of small letters, digits, - and _, such as "mine"')
    from harness.methods import METHODS

    if name in METHODS:
        raise bad(f"{where}.name", name, "another name than the names of steadytune's own methods")
    if taken := RESERVED & {field.name for field in dataclasses.fields(kind)}:
        raise bad(f"{where}: option", min(taken), f"another name than {', '.join(sorted(RESERVED))}")
