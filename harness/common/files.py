"""Paths and files that a user names: what cannot be read gets one message."""

from collections.abc import Iterator
from pathlib import Path

from harness.common.errors import UserError, bad, reason


def directory(field: str, place: str) -> Path | None:
    """The directory of that name with ``~`` expanded, ``None`` where there is none."""
    try:
        path = Path(place).expanduser()
        return path if path.is_dir() else None
    except (OSError, RuntimeError, ValueError) as error:  # too long, no such user, a null byte
        raise bad(field, place, f"a path that this system can have ({error})") from None


def existing(field: str, place: str, otherwise: str) -> Path:
    """The file of that name with ``~`` expanded. Raises ``UserError`` naming ``field`` where there is none."""
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
    """A file's bytes without a byte-order mark. Raises ``UserError`` where it cannot be read, or has more than ``most``
    bytes."""
    try:
        if most is not None and (size := file.stat().st_size) > most:
            raise UserError(f"{file}: has {size} bytes; give a file of at most {most}")
        return file.read_bytes().removeprefix(b"\xef\xbb\xbf")
    except (OSError, ValueError) as error:
        raise UserError(f"{file}: cannot be read: {reason(error)}") from None


def text(content: bytes, where: str) -> str:
    """UTF-8 text; ``where`` names it in the message."""
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise UserError(f"{where}: not UTF-8 text ({error.reason} at byte {error.start})") from None


def lines(file: Path) -> Iterator[tuple[int, str]]:
    """The lines of a UTF-8 file without their ends, each with its number from 1."""
    for number, line in enumerate(read(file).split(b"\n"), start=1):
        yield number, text(line.removesuffix(b"\r"), f"{file}:{number}")


def state(file: Path) -> tuple[int, ...] | None:
    """Device, inode, size and time of the last write; ``None`` where there is no file.

    It changes when a file is replaced or written.
    """
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
