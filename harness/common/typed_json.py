"""JSON converted to frozen dataclasses.

A hand-written check would repeat every key and type. ``msgspec`` checks types, ignores keys of newer versions, and
fills missing keys of older versions with the dataclass's defaults.
"""

from typing import Any, TypeVar

T = TypeVar("T")


def converted(found: Any, cls: type[T]) -> T:
    """The JSON as an instance of a dataclass. Raises ``ValueError`` with the place of a wrong type."""
    import msgspec  # only here, because a training reads no record

    try:
        return msgspec.convert(found, cls)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None
