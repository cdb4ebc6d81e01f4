"""Heartbeats of running trials and Fisher diagonals: small files by which any process can follow them.

A heartbeat is no result. A lost, broken or late heartbeat changes only displays and live logs.
"""

import contextlib
import os
import socket
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from harness.common.console import duration
from harness.common.filesystem import FileTree, encoded, make, replacing
from harness.common.typed_json import converted

FOLDER = "running"
LOCAL_SECONDS, REMOTE_SECONDS = 2.0, 60.0
"""Seconds between two heartbeats: in a folder, and in a store by URL, where a write takes long and costs money."""
LATE = 5.0
"""A heartbeat counts until it is older than this number of intervals, but for at least ``LEAST`` seconds."""
LEAST = 60.0
LARGEST_PROCESS = 2**31
"""Above all ids of processes."""


@dataclass(frozen=True, kw_only=True)
class Heartbeat:
    """The state of a running trial or Fisher diagonal at one moment."""

    id: str
    host: str
    process: int
    since: float
    """Start, in seconds since 1970."""
    time: float
    """The moment of this state, in seconds since 1970."""
    phase: str
    """The work at this moment, e.g. ``training``."""
    unit: str = "step"
    """The unit of ``step``: a step, a data set or a window of text."""
    step: int = 0
    steps: int = 0
    """Number of steps of the phase; 0 if the phase does not count steps."""
    loss: float | None = None
    """Training loss of the last window of steps."""
    tokens_per_second: float | None = None
    seconds_left: float | None = None
    """Estimated time left in the phase."""
    history: list[dict[str, Any]] = field(default_factory=list)
    """The learning history so far; see ``harness.store.result.HISTORY``."""

    def progress(self) -> str:
        """Progress in words, e.g. ``training, step 40 of 100, loss 1.25, 5300 tokens/s, 2 min left``."""
        parts = [self.place()]
        if self.loss is not None:
            parts.append(f"loss {self.loss:.3g}")
        if self.tokens_per_second is not None:
            parts.append(f"{self.tokens_per_second:.0f} tokens/s")
        if self.seconds_left is not None:
            parts.append(f"{duration(self.seconds_left)} left")
        return ", ".join(parts)

    def place(self) -> str:
        """The phase, and the step in it."""
        return f"{self.phase}, {self.unit} {self.step} of {self.steps}" if self.steps else self.phase

    def words(self) -> str:
        """Host, start, phase and step in words, for a reader on another machine."""
        since = datetime.fromtimestamp(self.since).astimezone()
        return f"on {self.host} since {since:%Y-%m-%d %H:%M}, {self.place()}"


class Progress:
    """The progress of a trial or diagonal in this process.

    The thread of the trial or diagonal changes it, and another thread takes snapshots.
    """

    def __init__(self) -> None:
        self.history: list[dict[str, Any]] = []
        self.begin("preparing")

    def begin(self, phase: str, steps: int = 0, *, step: int = 0, tokens: int = 0, unit: str = "step") -> None:
        """Begin a phase of ``steps`` steps, of which ``step`` steps and ``tokens`` tokens are done."""
        self.phase, self.unit, self.steps, self.step = phase, unit, steps, step
        self.first, self.tokens, self.first_tokens, self.began = step, tokens, tokens, time.monotonic()
        self.tokens_per_second: float | None = None

    def count(self, tokens: int) -> None:
        """Note the number of tokens of the phase so far."""
        self.tokens = tokens
        self.tokens_per_second = (tokens - self.first_tokens) / max(time.monotonic() - self.began, 1e-9)

    def add(self, steps: int, tokens: int) -> None:
        """Note further steps of the phase, and their tokens."""
        self.step += steps
        self.count(self.tokens + tokens)

    def snapshot(self, id: str, since: float) -> Heartbeat:
        """The present state as a heartbeat of this process."""
        step, rows = self.step, self.history
        done = step - self.first
        left = (time.monotonic() - self.began) / done * (self.steps - step) if done > 0 and self.steps else None
        return Heartbeat(
            id=id,
            host=socket.gethostname(),
            process=os.getpid(),
            since=since,
            time=time.time(),
            phase=self.phase,
            unit=self.unit,
            step=step,
            steps=self.steps,
            loss=rows[-1].get("loss") if rows and self.phase == "training" else None,
            tokens_per_second=self.tokens_per_second,
            seconds_left=left,
            history=list(rows),
        )


class Heartbeats(FileTree):
    """``running/<id>.json``."""

    @property
    def beat_seconds(self) -> float:
        """Seconds between two heartbeats."""
        return LOCAL_SECONDS if self.is_local else REMOTE_SECONDS

    def beat(self, heartbeat: Heartbeat) -> None:
        """Write a heartbeat, without a wait for the disk.

        Errors of the file system are raised as they are.
        """
        content, name = encoded(asdict(heartbeat)), _file(heartbeat.id)
        if not self.is_local:
            self.fs.pipe_file(self._path(name), content)
            return
        target = Path(self._path(name))
        make(target.parent)
        with replacing(target, target.with_suffix(f".{os.getpid()}.part")) as part:
            part.write_bytes(content)

    def end_beat(self, id: str) -> None:
        """Remove the heartbeat of a trial or diagonal that no longer runs."""
        self.remove(_file(id))

    def clear_heartbeats(self) -> None:
        """Remove the heartbeats of dead processes, and late heartbeats. Errors of the store are ignored."""
        with contextlib.suppress(Exception):
            for id in self._ids():
                one = self._heartbeat(id)
                if one is not None and not self._beats(one):
                    self.end_beat(id)

    def _ids(self) -> list[str]:
        return [name.removesuffix(".json") for name in self.names(FOLDER) if name.endswith(".json")]

    def heartbeats(self, wanted: Iterable[str] | None = None) -> dict[str, Heartbeat]:
        """The heartbeats of everything that runs now, by id; only of ``wanted`` ids if they are given.

        Heartbeats of dead processes and late heartbeats are left out.
        """
        only = None if wanted is None else set(wanted)
        if only is not None and not only:
            return {}
        found = (self._heartbeat(id) for id in self._ids() if only is None or id in only)
        return {one.id: one for one in found if one is not None and self._beats(one)}

    def _heartbeat(self, id: str) -> Heartbeat | None:
        with contextlib.suppress(Exception):  # removed meanwhile, torn or foreign: no sign of a running trial
            content = self.read_json(_file(id))
            if content is not None and content.get("id") == id:
                found = converted(content, Heartbeat)
                datetime.fromtimestamp(found.since)  # raises for a time that no clock has shown
                return found if 0 < found.process < LARGEST_PROCESS else None
        return None

    def _beats(self, one: Heartbeat) -> bool:
        if one.host == socket.gethostname() and not _runs(one.process):
            return False
        # The clocks of two machines may differ a little.
        return abs(time.time() - one.time) < max(LEAST, LATE * self.beat_seconds)


def _runs(process: int) -> bool:
    """Whether a process of this machine exists."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it belongs to another user
        return True
    return True


def _file(id: str) -> str:
    return f"{FOLDER}/{id}.json"
