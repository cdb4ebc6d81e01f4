"""Files in a folder or at any fsspec URL, such as a bucket. Each file is written whole or not at all."""

import contextlib
import errno
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from harness.common.errors import UserError, reason

ABANDONED = 24 * 3600
"""Age in seconds from which the writer of a temporary file is presumed dead."""
PART = ".part"
"""Suffix of the temporary names of files."""
LOST = (errno.EIO, errno.EISDIR)
"""Errors of a system that cannot read an existing file."""


class FileTree:
    """Files by their names below ``root``.

    Raises ``UserError`` if no file system supports the place or its name is not UTF-8. The methods ``write``, ``put``
    and ``rename`` raise ``UserError`` if the place cannot be written.
    """

    def __init__(self, place: str | os.PathLike[str]) -> None:
        self.place = os.fspath(place)
        try:
            self.fs, root = fsspec.core.url_to_fs(self.place)
        except Exception as error:  # third-party file systems raise errors of any type
            raise UserError(
                f"store: {self.place!r} is not allowed; give a folder or a URL that fsspec knows ({reason(error)})"
            ) from None
        self.root = root.rstrip("/")
        self.is_local = isinstance(self.fs, LocalFileSystem)
        if not _is_text(self.root):  # Arrow and safetensors could not write there
            raise UserError(f"store: {self.root!r} is not allowed; give a folder whose name is UTF-8")

    def exists(self, name: str) -> bool:
        """Whether a file or folder of that name exists now."""
        self._forget()
        return bool(self.fs.exists(self._path(name)))

    def names(self, folder: str) -> list[str]:
        """Names of the files and folders in a folder now; empty if there is no such folder."""
        self._forget()
        try:
            return sorted(PurePosixPath(str(found)).name for found in self.fs.ls(self._path(folder), detail=False))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def below(self, folder: str) -> list[str]:
        """Names of all files in a folder and its subfolders now, relative to the folder."""
        self._forget()
        base = f"{self._path(folder)}/"
        return sorted(str(found).split(base, 1)[1] for found in self.fs.find(base) if base in str(found))

    def sizes(self, folder: str) -> dict[str, int]:
        """Bytes of all files in a folder and its subfolders now, by full name."""
        self._forget()
        return {str(name): int(file["size"]) for name, file in self.fs.find(self._path(folder), detail=True).items()}

    def read(self, name: str) -> bytes | None:
        """A file's bytes, ``None`` if there is no file.

        Raises ``ValueError`` if the disk has lost them or the name is a folder's, and ``UserError`` for other errors.
        """
        if "\0" in name:  # no file system has such a name
            return None
        try:
            content: bytes = (
                Path(self._path(name)).read_bytes() if self.is_local else self.fs.cat_file(self._path(name))
            )
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            if error.errno in LOST:
                raise ValueError(reason(error)) from None
            raise UserError(f"store: {name} in {self.place!r} cannot be read: {reason(error)}") from error
        return content

    def read_json(self, name: str) -> dict[str, Any] | None:
        """The mapping in a JSON file, ``None`` if there is no file.

        Raises the errors of ``read``, and ``ValueError`` for content that is not a JSON mapping.
        """
        content = self.read(name)
        if content is None:
            return None
        try:
            found = json.loads(content)
        except RecursionError:
            raise ValueError("nested too deeply") from None
        if not isinstance(found, dict):
            raise ValueError(f"it holds a {type(found).__name__}")
        return found

    def write(self, name: str, content: bytes) -> None:
        """Write a file whole or not at all. Object stores guarantee it; in a folder a rename does."""
        with self._writing():
            if self.is_local:
                _write_locally(Path(self._path(name)), content)
            else:
                self.fs.pipe_file(self._path(name), content)

    def write_json(self, name: str, content: Any) -> None:
        """Write a JSON file."""
        self.write(name, encoded(content))

    def remove(self, name: str) -> None:
        """Remove a file or folder, if it exists. Raises ``OSError`` if that fails."""
        self._forget()
        with contextlib.suppress(FileNotFoundError):
            self.fs.rm(self._path(name), recursive=True)

    def put(self, local: Path, name: str) -> None:
        """Bring a local file or folder into the store. It moves if the store is local, else it is copied."""
        with self._writing():
            if self.is_local:
                make(Path(self._path(name)).parent)
                local.replace(self._path(name))
                sync(Path(self._path(name)).parent)
            elif local.is_dir():
                self.fs.put(f"{local}/", f"{self._path(name)}/", recursive=True)
            else:
                self.fs.put_file(str(local), self._path(name))

    def get(self, name: str, local: Path) -> None:
        """Copy a file or folder of the store to a local path."""
        self._forget()
        if self.fs.isdir(self._path(name)):
            self.fs.get(f"{self._path(name)}/", f"{local}/", recursive=True)
        else:
            self.fs.get_file(self._path(name), str(local))

    def identity(self, name: str) -> str:
        """A text that changes when a file is rewritten. Raises ``FileNotFoundError`` if there is no file."""
        self._forget()
        return str(self.fs.ukey(self._path(name)))

    def rename(self, name: str, new: str) -> bool:
        """Give a file or folder another name; ``False`` if there is none."""
        with self._writing(), contextlib.suppress(FileNotFoundError):
            self.fs.mv(self._path(name), self._path(new), recursive=True)
            return True
        return False

    def _forget(self) -> None:
        """Drop cached listings of the file system, because other processes write here too."""
        self.fs.invalidate_cache()

    def _path(self, name: str) -> str:
        return f"{self.root}/{name}" if name else self.root

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise UserError(f"store: {self.place!r} cannot be written: {reason(error)}") from error


def encoded(content: Any) -> bytes:
    """The bytes of a JSON file."""
    text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
    return text.encode(errors="backslashreplace")  # a path in a traceback may hold invalid characters


def whole(text: str) -> str:
    """Text that any file can hold: lone surrogates become escapes."""
    return text.encode(errors="backslashreplace").decode()


def make(folder: Path) -> None:
    """Make a folder and its parents, and wait until their names are on the disk.

    After that, a power cut loses neither the folder nor the files written into it.
    """
    if not folder.is_dir():
        make(folder.parent)
        folder.mkdir(exist_ok=True)
        sync(folder.parent)


def sync(place: Path) -> None:
    """Wait until a file's content, or a folder's names, are on the disk."""
    opened = os.open(place, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def remove_abandoned(left: Path) -> None:
    """Remove a file or folder with a temporary name, if its age means that no living process writes to it.

    A time in the future also counts as an age, because the clock may have jumped back.
    """
    with contextlib.suppress(OSError):
        if abs(time.time() - left.lstat().st_mtime) > ABANDONED:
            _remove_locally(left)


@contextlib.contextmanager
def replacing(target: Path, part: Path | None = None) -> Iterator[Path]:
    """A temporary path beside a local file or folder. At the end it replaces the target.

    Readers see all of the new content or none of it, and an exception leaves nothing behind. A writer that holds a lock
    may give the path as ``part``; a killed process's file there is removed first.
    """
    if part is None:
        part = target.with_name(f".{target.name}.{secrets.token_hex(4)}{PART}")
    else:
        _remove_locally(part)
    try:
        yield part
        part.replace(target)
    finally:
        _remove_locally(part)


def _remove_locally(left: Path) -> None:
    if left.is_dir():
        shutil.rmtree(left, ignore_errors=True)
    else:
        left.unlink(missing_ok=True)


def _write_locally(target: Path, content: bytes) -> None:
    make(target.parent)
    with replacing(target) as part, part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    sync(target.parent)


def _is_text(name: str) -> bool:
    """Whether a name can be written in UTF-8. Bytes that are not UTF-8 appear as lone surrogates."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
