"""Standard output that fails without ending the command.

The output may be closed, as by ``| head``, or be on a full disk. Its encoding may lack a character.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from typing import Any, TextIO

from harness.common.errors import reason


class Output:
    """A stream that accepts all text, and passes on as much text as possible.

    No trial ends because the output has no reader.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.error: OSError | None = None
        """The first error of the stream."""

    def write(self, text: str) -> int:
        with self._to_the_end():
            self.stream.write(text)
        return len(text)

    def flush(self) -> None:
        with self._to_the_end():
            self.stream.flush()

    @contextmanager
    def _to_the_end(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.error = self.error or error
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.stream.fileno())  # also discards the rest of the buffer
            os.close(nowhere)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


@contextmanager
def lasting_output() -> Iterator[None]:
    """Keep standard output usable without a reader, and for every character.

    ``?`` replaces characters outside the output's encoding. If the output is cut short for another reason than a
    missing reader, a line on standard error says so.
    """
    stream = sys.stdout
    if stream is None:  # closed before the command began: print handles this
        yield
        return
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(errors="replace")
    output = Output(stream)
    sys.stdout = output
    try:
        yield
    finally:
        output.flush()
        sys.stdout = stream
        if output.error is not None and not isinstance(output.error, BrokenPipeError):
            print(f"steadytune: the output is cut short: {reason(output.error)}", file=sys.stderr)
