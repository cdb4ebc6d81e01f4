"""Where a store is: a folder, or any fsspec URL such as a bucket, whose files are written whole or not at all.

A file that turns out to be broken is never believed. Whoever reads it takes note of it (``doubt``); a command that
writes to the store then sets it aside (``set_aside``), so that it is made again and what was found can be looked at.
"""

import contextlib
import errno
import json
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from harness.common.errors import UserError, reason

FORGOTTEN = 24 * 3600
"""Age in seconds at which a file or folder under a temporary name was left by a process that is no more."""
PART = ".part"
"""How the temporary names of files end."""
LOST = (errno.EIO, errno.EISDIR)
"""What a system says that cannot read a file which is there."""
BROKEN = ".broken-"
"""What is put behind the name of a file that is set aside, with a number."""


class FileTree:
    """Files by their names below ``root``. Raises ``UserError`` for a place that no file system knows."""

    def __init__(self, place: str | os.PathLike[str]) -> None:
        self.place = os.fspath(place)
        try:
            self.fs, root = fsspec.core.url_to_fs(self.place)
        except Exception as error:  # whatever a third party's file system raises, it cannot be used
            raise UserError(
                f"store: {self.place!r} is not allowed; give a folder or a URL that fsspec knows ({reason(error)})"
            ) from None
        self.root = root.rstrip("/")
        self.is_local = isinstance(self.fs, LocalFileSystem)
        self._doubted: dict[str, tuple[str, str]] = {}
        self._news: list[str] = []

    @property
    def cache(self) -> Path:
        """Local folder for what the trials of a node share; the store's where that is local."""
        return Path(self.root) if self.is_local else Path.home() / ".cache" / "steadytune"

    def exists(self, name: str) -> bool:
        """Whether there is a file or folder of that name now."""
        self._forget()
        return bool(self.fs.exists(self._path(name)))

    def names(self, folder: str) -> list[str]:
        """Names of what is in a folder now; none where there is no such folder."""
        self._forget()
        try:
            return sorted(PurePosixPath(str(found)).name for found in self.fs.ls(self._path(folder), detail=False))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def below(self, folder: str) -> list[str]:
        """Names, relative to a folder, of all files in it and in the folders in it now."""
        self._forget()
        base = f"{self._path(folder)}/"
        return sorted(str(found).split(base, 1)[1] for found in self.fs.find(base) if base in str(found))

    def read(self, name: str) -> bytes | None:
        """A file's bytes, ``None`` where there is none; raises ``ValueError`` where the disk has lost them."""
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
        """A JSON file, ``None`` where there is none; raises ``ValueError`` also for what is no JSON mapping."""
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
        """Write a file whole or not at all: object stores do so by themselves, a folder by way of a rename."""
        with self._writing():
            if self.is_local:
                _write_locally(Path(self._path(name)), content)
            else:
                self.fs.pipe_file(self._path(name), content)

    def write_json(self, name: str, content: Any) -> None:
        """Write a JSON file."""
        text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
        self.write(name, text.encode(errors="backslashreplace"))  # a path in a traceback may hold what is no character

    def remove(self, name: str) -> None:
        """Remove a file or folder, where there is one."""
        self._forget()
        with contextlib.suppress(FileNotFoundError):
            self.fs.rm(self._path(name), recursive=True)

    def put(self, local: Path, name: str) -> None:
        """Bring a local file or folder to the store. A folder moves there, where the store is local."""
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
        """Bring a file or folder of the store to a local one."""
        self._forget()
        if self.fs.isdir(self._path(name)):
            self.fs.get(f"{self._path(name)}/", f"{local}/", recursive=True)
        else:
            self.fs.get_file(self._path(name), str(local))

    # What the trials of all nodes share

    def has(self, name: str) -> bool:
        """Whether a store that is no folder has a file to ``fetch``."""
        return not self.is_local and self.exists(name)

    def knows(self, name: str) -> bool:
        """Whether a shared file is in the store or in this node's cache."""
        return (self.cache / name).exists() or self.has(name)

    def fetch(self, name: str) -> None:
        """Bring a shared file into this node's cache, where that is not the store itself, and the store has it and the
        cache not."""
        target = self.cache / name
        if target.exists() or not self.has(name):
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(suffix=PART, dir=target.parent) as scratch:
            self.get(name, Path(scratch, "part"))
            Path(scratch, "part").replace(target)

    def publish(self, name: str) -> None:
        """Put a file of this node's cache into the store, where that is not the cache itself and has none of that
        name."""
        if not self.is_local and not self.has(name):
            self.put(self.cache / name, name)

    # What is broken

    def doubt(self, name: str, why: str) -> None:
        """Take note that a file or folder, as it is now, is broken."""
        with contextlib.suppress(FileNotFoundError):
            self._doubted[name] = why, self._identity(name)

    @property
    def doubts(self) -> list[str]:
        """A line for each file that was found broken, and is still where it was."""
        return [f"{name} is broken ({why})" for name, (why, _) in self._doubted.items()]

    def set_aside(self) -> None:
        """Give what was found broken another name, so that it is in no one's way; ``news`` has a line for each.

        What another process has put there since stays. Raises ``UserError`` where the place cannot be written.
        """
        for name, (why, identity) in list(self._doubted.items()):
            with self._writing(), contextlib.suppress(FileNotFoundError):
                if self._identity(name) == identity:
                    aside = _aside(name, self.exists)
                    self.fs.mv(self._path(name), self._path(aside), recursive=True)
                    self._news.append(f"{name} is broken ({why}): it is now {PurePosixPath(aside).name}")
            del self._doubted[name]

    def news(self) -> list[str]:
        """What was set aside since this was asked last, a line each."""
        lines, self._news = self._news, []
        return lines

    def _identity(self, name: str) -> str:
        """What is another when a file has been written again."""
        self._forget()
        return str(self.fs.ukey(self._path(name)))

    def _forget(self) -> None:
        """Let a file system that remembers listings look again: other processes write here too."""
        self.fs.invalidate_cache()

    def _path(self, name: str) -> str:
        return f"{self.root}/{name}" if name else self.root

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise UserError(f"store: {self.place!r} cannot be written: {reason(error)}") from error


def whole(text: str) -> str:
    """Text that any file can hold, halves of characters shown as such."""
    return text.encode(errors="backslashreplace").decode()


def make(folder: Path) -> None:
    """Make a folder and those that it is in, their names too as safe from a power cut as what is then written into
    it."""
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


def set_aside(broken: Path) -> None:
    """Give a file or folder of a cache another name, as ``FileTree.set_aside`` does."""
    broken.rename(_aside(str(broken), os.path.exists))


def _aside(name: str, exists: Callable[[str], bool]) -> str:
    """The first name for something broken that nothing has yet."""
    number = 1
    while exists(f"{name}{BROKEN}{number}"):
        number += 1
    return f"{name}{BROKEN}{number}"


def forget(left: Path) -> None:
    """Remove a file or folder under a temporary name, once no living process can be at it; by a clock that may have
    jumped either way."""
    with contextlib.suppress(OSError):
        if abs(time.time() - left.lstat().st_mtime) > FORGOTTEN:
            shutil.rmtree(left) if left.is_dir() else left.unlink()


def _write_locally(target: Path, content: bytes) -> None:
    make(target.parent)
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}{PART}")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
        sync(target.parent)
    finally:
        part.unlink(missing_ok=True)
