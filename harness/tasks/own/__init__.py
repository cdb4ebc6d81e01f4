"""Kinds of tasks that a study describes by the columns of its data.

A kind is one file, and one line in ``KINDS``.
"""

from collections.abc import Mapping
from typing import Any

from harness.common import fields
from harness.common.errors import UserError, bad
from harness.common.registry import Registry
from harness.tasks.own.base import Own as Own

KINDS: Registry[type[Own[Any]]] = Registry(
    {
        "text": "harness.tasks.own.text:OwnText",
        "pair": "harness.tasks.own.pair:OwnPair",
        "multi_label": "harness.tasks.own.multi_label:OwnMultiLabel",
        "token": "harness.tasks.own.token:OwnToken",
        "regression": "harness.tasks.own.regression:OwnRegression",
        "question_answering": "harness.tasks.own.question:OwnQuestion",
    }
)


def own_task(spec: object, where: str) -> Own[Any]:
    """A task from its YAML or JSON form, a mapping with a ``kind`` and its fields.

    Raises ``UserError`` that begins with ``where`` for an unknown kind and for unknown, missing and malformed fields.
    """
    if not isinstance(spec, Mapping):
        raise bad(where, spec, "a task's name, a .py file, or a mapping with a 'kind' and the names of columns")
    if "kind" not in spec:
        raise UserError(f"{where}: the field 'kind' is missing; give one of {', '.join(sorted(KINDS))}")
    kind = KINDS.find(f"{where}: kind", spec["kind"])
    return fields.build(kind, where, {name: value for name, value in spec.items() if name != "kind"})
