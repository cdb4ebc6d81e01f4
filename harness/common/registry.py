"""Registries: a thing is added by its own file and one line in its package's registry."""

import pkgutil
from collections.abc import Iterator, Mapping
from typing import TypeVar, cast

from harness.common.errors import unknown

T = TypeVar("T")


class Registry(Mapping[str, T]):
    """Things of one kind by name.

    An entry ``"module:attribute"`` is imported when it is read, so listing the names imports nothing.
    """

    def __init__(self, entries: Mapping[str, str | T]) -> None:
        self._entries = dict(entries)

    def __getitem__(self, name: str) -> T:
        entry = self._entries[name]
        return cast(T, pkgutil.resolve_name(entry)) if isinstance(entry, str) else entry

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, field: str, name: object, *, listed: str = "") -> T:
        """The thing of that name. Raises ``UserError``, which begins with ``field`` and suggests the nearest name.

        ``listed`` is as in ``unknown``.
        """
        if not isinstance(name, str) or name not in self:
            raise unknown(field, name, self, listed=listed)
        return self[name]
