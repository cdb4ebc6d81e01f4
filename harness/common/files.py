"""Paths and files that a user names. Each unreadable file gets one message."""

from collections.abc import Iterator
from pathlib import Path, PurePath

from harness.common.errors import UserError, bad, reason

LANGUAGE = "{language}"
"""Placeholder in a pattern of file names."""


def is_pattern(place: object) -> bool:
    """Whether a location is a pattern of file names with the language in it."""
    return isinstance(place, str) and LANGUAGE in place


def full(place: str, folder: Path, field: str) -> str:
    """A location's full path. A relative location starts in ``folder``.

    Raises ``UserError`` that begins with ``field`` if ``~`` names an unknown user.
    """
    try:
        return str((folder / Path(place).expanduser()).absolute())
    except RuntimeError as error:  # no such user
        raise bad(field, place, f"a path that this system can have ({error})") from None


def last_part(place: str) -> str:
    """A location as labels show it: its last part. A pattern also keeps the folder before its first placeholder."""
    parts = PurePath(place).parts
    first = next((number for number, part in enumerate(parts) if is_pattern(part)), len(parts))
    return str(PurePath(*parts[max(first - 1, 0) :])) if parts else ""


def directory(field: str, place: str) -> Path | None:
    """The folder at a path with ``~`` expanded; ``None`` if there is none.

    Raises ``UserError`` that begins with ``field`` if the system cannot have such a path.
    """
    try:
        path = Path(place).expanduser()
        return path if path.is_dir() else None
    except (OSError, RuntimeError, ValueError) as error:  # too long, no such user, a null byte
        raise bad(field, place, f"a path that this system can have ({error})") from None


def existing(field: str, place: str, otherwise: str) -> Path:
    """The file at a path with ``~`` expanded.

    Raises ``UserError`` that begins with ``field`` if there is no file; ``otherwise`` names other allowed values.
    """
    given = Path(place)
    folder = directory(field, str(given.parent))
    file = folder / given.name if folder is not None else given
    try:
        exists = file.is_file()
    except OSError:  # a name too long for the file system
        exists = False
    if not exists:
        raise bad(field, place, f"a file that exists, or {otherwise}")
    return file


def read(file: Path, most: int | None = None) -> bytes:
    """A file's bytes without a byte-order mark.

    Raises ``UserError`` if the file cannot be read or has more than ``most`` bytes.
    """
    try:
        if most is not None and (size := file.stat().st_size) > most:
            raise UserError(f"{file}: has {size} bytes; give a file of at most {most}")
        return file.read_bytes().removeprefix(b"\xef\xbb\xbf")
    except (OSError, ValueError) as error:
        raise UserError(f"{file}: cannot be read: {reason(error)}") from None


def text(content: bytes, where: str) -> str:
    """UTF-8 bytes as text. Raises ``UserError`` that begins with ``where`` for other bytes."""
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise UserError(f"{where}: not UTF-8 text ({error.reason} at byte {error.start})") from None


def lines(file: Path) -> Iterator[tuple[int, str]]:
    """The lines of a UTF-8 file without line ends, each with its number from 1."""
    return numbered(read(file), str(file))


def numbered(content: bytes, where: str) -> Iterator[tuple[int, str]]:
    """The numbered lines of a file's bytes, as from ``lines``; ``where`` names the file in messages."""
    for number, line in enumerate(content.split(b"\n"), start=1):
        yield number, text(line.removesuffix(b"\r"), f"{where}:{number}")


def state(file: Path) -> tuple[int, ...] | None:
    """Device, inode, size and time of the last write; ``None`` if there is no file.

    The value changes when the file is replaced or rewritten.
    """
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
