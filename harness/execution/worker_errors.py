"""Errors of trials and workers on one line: the exception, and the place in the user's own file that raised it."""

import re
import sysconfig
import traceback
from collections.abc import Iterable
from pathlib import Path

import harness
from harness.common.errors import UserError
from harness.common.users import own_code

ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
"""Colours of a terminal, which Ray puts into its messages."""
FRAME = re.compile(r'^\s*File "([^"]+)", line (\d+), in \S+', re.MULTILINE)
RAISED = re.compile(r"^([A-Za-z_][\w.]*)(?:: (.*))?$", re.MULTILINE)
"""The last line of a traceback."""
DIED = "the process died"
DETAIL = re.compile(r"Worker exit detail: (.*?)(?: Some common causes include|$)", re.DOTALL)
NODE = re.compile(r"node has died|node was terminated|died because its node", re.IGNORECASE)
KILLED = re.compile(r"connection error code 2|SIGKILL")
"""Ray's words for a process that ended without a message: it was killed, or it crashed."""
LIBRARIES = tuple(
    {
        *(str(Path(sysconfig.get_path(name)).resolve()) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
        *(str(Path(place).resolve()) for place in harness.__path__),
    }
)


def described(error: BaseException) -> str:
    """An exception on one line, e.g. ``ValueError: no such tag (my_task.py, line 12)``."""
    message = " ".join(ANSI.sub("", str(error)).split())
    frames = [] if isinstance(error, UserError) else traceback.extract_tb(error.__traceback__)
    places = ((own_code.original(Path(frame.filename)), frame.lineno or 0) for frame in frames)
    return _line(type(error).__name__, message, places)


def described_trace(trace: str) -> str:
    """The exception of a traceback from Ray, in the form of ``described``.

    A text without an exception is returned on one line. The death of a worker's process is told in plain words.
    """
    plain = ANSI.sub("", trace)
    if NODE.search(plain):
        return "its machine died or left the cluster"
    if (found := DETAIL.search(plain)) is not None:
        detail = " ".join(found[1].split())
        if KILLED.search(detail):
            detail = "it was killed, e.g. for lack of memory, or crashed"
        return f"{DIED}: {detail}"
    raised = list(RAISED.finditer(plain))
    if not raised:
        return " ".join(plain.split())
    name, message = raised[-1][1].rpartition(".")[2], " ".join((raised[-1][2] or "").split())
    if name == "ActorDiedError":
        return f"{DIED}: {message}"
    return _line(name, message, ((file, int(line)) for file, line in FRAME.findall(plain)))


def _line(name: str, message: str, frames: Iterable[tuple[str, int]]) -> str:
    own = [(file, line) for file, line in frames if _is_users(file)]
    where = f" ({_short(own[-1][0])}, line {own[-1][1]})" if own else ""
    return f"{name}: {message}{where}"


def _is_users(file: str) -> bool:
    """Whether a file belongs to neither Python, an installed library nor this program."""
    if file.startswith("<"):
        return False
    place = Path(file).resolve()
    return not any(place.is_relative_to(library) for library in LIBRARIES)


def cut(error: str, most: int = 400) -> str:
    """An error of at most ``most`` characters. Its end stays, because it names the place."""
    return error if len(error) <= most else f"{error[: most - 81]} … {error[-78:]}"


def _short(file: str) -> str:
    """A file's path as the user would give it: from the working directory, if it lies there."""
    place = Path(file)
    return str(place.relative_to(Path.cwd())) if place.is_relative_to(Path.cwd()) else file
