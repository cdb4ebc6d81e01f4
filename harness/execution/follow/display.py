"""The running trials and Fisher diagonals on the console, from their heartbeats in the store."""

import contextlib
import time
from collections.abc import Callable
from threading import Event, Thread
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.text import Text

from harness.common.console import note, say
from harness.store.heartbeats import Heartbeat
from harness.store.store import Store

REMOTE_LOOK = 30.0
"""Seconds between two looks into a store by URL."""
REFRESH = 1.0
"""Refreshes of the terminal per second. With ``--local`` they share a process with the trial."""
SAID_EVERY = 60.0
"""Seconds between two lines on a running trial, in the log file and in output that is not a terminal."""
LINES = 8
"""Largest number of running trials on the display."""


class Display:
    """Shows the progress of this command's trials and diagonals: live on a terminal, otherwise by a line a minute.

    Args:
        console: Receives the display or the lines.
        store: The store with the heartbeats. With ``None``, running trials are shown without progress.
        head: Makes the lines above the running trials on a terminal.
    """

    def __init__(
        self,
        console: Console,
        store: Store | None,
        head: Callable[[], RenderableType] | None = None,
    ) -> None:
        self.console, self.store, self.head = console, store, head
        self.running: dict[str, str] = {}
        """Descriptions of running trials and Fisher diagonals, by id."""
        self.heard: dict[str, Heartbeat] = {}
        self.said = dict[str, float]()
        """The time at which each trial or diagonal started, or at which the last line on it was printed, by id."""
        self.ended = Event()
        self.thread = Thread(target=self._follow, name="display", daemon=True)
        self.live: Live | None = None

    def __enter__(self) -> Self:
        if self.store is not None:
            self.thread.start()
        if self.console.is_terminal:
            self.live = Live(
                console=self.console, get_renderable=self.shown, refresh_per_second=REFRESH, transient=True
            )
            self.live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ended.set()
        if self.live is not None:
            self.live.stop()

    def add(self, id: str, description: str) -> None:
        """Show a trial or diagonal from now on."""
        self.said[id] = time.monotonic()
        self.running[id] = description
        note(self.console, f"started: {description}")

    def remove(self, id: str) -> None:
        """Show a trial or diagonal no longer."""
        for known in (self.running, self.heard, self.said):
            known.pop(id, None)

    def shown(self) -> RenderableType:
        """The live display: the head, and a line for each of the first running trials."""
        running = list(self.running.items())
        lines = [self._line(id, description) for id, description in running[:LINES]]
        if len(running) > LINES:
            lines.append(Text(f"  and {len(running) - LINES} more"))
        return Group(*([self.head()] if self.head is not None else []), *lines)

    def _line(self, id: str, description: str) -> Text:
        """One trial on one line of the terminal. Only the description is shortened."""
        found = self.heard.get(id)
        words = found.progress() if found is not None else "starting"
        room = max(self.console.width - len(words) - 4, 8)
        cut = description
        if len(description) > room:  # the middle goes: the method stands at the start, the seed at the end
            tail = min(room // 2, 12)
            cut = f"{description[: room - tail - 1]}…{description[-tail:]}"
        return Text(f"  {cut}: {words}", no_wrap=True, overflow="ellipsis")

    def _follow(self) -> None:
        assert self.store is not None
        pause = self.store.beat_seconds if self.store.is_local else REMOTE_LOOK
        while not self.ended.wait(pause):
            with contextlib.suppress(Exception):  # a store that cannot be read now is read later
                self.heard = self.store.heartbeats(list(self.running))
                self._say()

    def _say(self) -> None:
        now = time.monotonic()
        due = [id for id, last in list(self.said.items()) if now - last >= SAID_EVERY and id in self.heard]
        for id in due[:LINES]:
            line = f"running: {self.running.get(id, id)}: {self.heard[id].progress()}"
            if self.console.is_terminal:
                note(self.console, line)
            else:
                say(self.console, escape(line))
        for id in due[LINES:]:
            if id in self.said:
                self.said[id] = now
        for id in due[:LINES]:  # moved to the end, so that the next lines are on the others
            if self.said.pop(id, None) is not None and id in self.running:
                self.said[id] = now
