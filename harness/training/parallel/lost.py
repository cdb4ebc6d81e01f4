"""The error for a trial whose processes do not end together. Imports no torch."""


class LostProcessError(RuntimeError):
    """One of the processes that train together has ended, so the other processes cannot continue."""

    def __init__(self, message: str, *, died: bool = False) -> None:
        super().__init__(message)
        self.died = died
        """Whether the process was killed or crashed, without an error of its own: another attempt may succeed."""


def is_lost(error: BaseException | None) -> bool:
    """Whether an error says that another process no longer answers. FSDP2 raises gloo's own error."""
    return isinstance(error, LostProcessError) or (isinstance(error, RuntimeError) and "gloo" in str(error))
