"""The log file of a study: every line of the console with its time, and further lines on each trial."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from harness.common.errors import without_secrets
from harness.common.filesystem import make, whole
from harness.common.machine import signals
from harness.store.store import Store


class StudyConsole(Console):
    """A console whose lines also go to a file. Several processes may append to one file.

    Raises ``OSError`` if the file cannot be opened.
    """

    def __init__(self, file: Path, **options: Any) -> None:
        super().__init__(**options)
        make(file.parent)
        self._log = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)

    def print(self, *objects: Any, markup: bool | None = None, **options: Any) -> None:
        super().print(*objects, markup=markup, **options)
        for line in (one for one in objects if isinstance(one, str)):
            self.note(line if markup is False else Text.from_markup(line).plain)

    def note(self, text: str) -> None:
        """Write lines into the file alone. Passwords and tokens are left out; a full disk is no error."""
        head = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}Z {socket.gethostname()} {os.getpid()}"
        lines = without_secrets(whole(text)).splitlines()
        content = "".join(f"{head}  {line}\n" for line in lines)
        with suppress(OSError):
            os.write(self._log, content.encode())  # one call, so that lines of two processes do not mix

    def close(self) -> None:
        os.close(self._log)


def _end(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return signals.ended_early()
    said = f": {error}" if isinstance(error, Exception) else ""
    return f"ended by {type(error).__name__}{said}"


@contextmanager
def study_console(store: Store, study: str, command: str) -> Iterator[Console]:
    """The console of a command on a study, with its log file ``logs/<study>.log``.

    If the file cannot be opened, as on a full disk, the console has no log file.
    """
    try:
        console = StudyConsole(store.logs / f"{study}.log")
    except OSError:
        yield Console()
        return
    console.note(f"steadytune {command} {study}")
    try:
        yield console
    except BaseException as error:
        console.note(_end(error))
        raise
    else:
        console.note("ended")
    finally:
        console.close()
