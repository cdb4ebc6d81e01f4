"""JSON brought to the types of frozen dataclasses.

``msgspec`` does the work, because a hand-written check has to name every key and type once more. It checks the types,
ignores keys that newer versions write, and fills keys that older versions lack with the dataclass's defaults.
"""

from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def converted(found: Any, cls: type[T]) -> T:
    """The JSON as an instance of a dataclass. Raises ``ValueError``, which says where, for a wrong type."""
    try:
        return msgspec.convert(found, cls)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None
