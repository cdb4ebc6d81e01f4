"""The error for a trial whose processes do not end together. Imports no torch."""


class LostProcessError(RuntimeError):
    """One of the processes that train together has ended, so that the others cannot go on."""

    def __init__(self, message: str, *, died: bool = False) -> None:
        super().__init__(message)
        self.died = died
        """Whether it was killed or crashed, without an error of its own: another attempt may succeed."""
