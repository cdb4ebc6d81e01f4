"""Errors that libraries raise for an encoder's files, turned into one helpful message."""

from collections.abc import Iterator
from contextlib import contextmanager
from pickle import UnpicklingError

from safetensors import SafetensorError

from harness.common.errors import TimeLimitError, UserError, lacks_memory, reason
from harness.encoders.encoder_files import check_fetched
from harness.encoders.pinning import Encoder

MAX_REASON = 300
"""Largest number of characters that our message quotes from a library's message."""
CUSTOM_CODE = "trust_remote_code"
"""Option that a ``transformers`` message names if a checkpoint needs its own code, which is never run."""


def _behind(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and the errors during which it was raised: libraries raise their own error in place of any other."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


@contextmanager
def user_errors(encoder: Encoder, what: str) -> Iterator[None]:
    """Turn a library's errors for an encoder's files into a ``UserError``.

    ``what`` names the part that is loaded. Errors of memory and ``TimeLimitError`` pass unchanged.
    """
    try:
        yield
    except SafetensorError as error:
        check_fetched(encoder)
        raise UserError(
            f"encoder: a safetensors file of {encoder.path!r} is torn or cut short: {reason(error)}"
        ) from None
    except UnpicklingError:
        check_fetched(encoder)
        raise UserError(
            f"encoder: {encoder.path!r} has pickled weights that are truncated, or that contain more than weights: "
            "such a file can run any code, and is not loaded. Give an encoder with model.safetensors"
        ) from None
    except Exception as error:  # the user's files caused it, so the user gets a message
        for behind in _behind(error):
            if isinstance(behind, TimeLimitError) or lacks_memory(behind):
                raise behind from None
        check_fetched(encoder)
        if CUSTOM_CODE in str(error):
            raise UserError(
                f"encoder: {encoder.path!r} needs Python code of its own (auto_map in a config.json), which "
                "steadytune never runs; give an encoder of a kind that transformers has"
            ) from None
        why = reason(error)[:MAX_REASON]  # transformers lists every kind of model that it has
        raise UserError(
            f"encoder: the {what} of {encoder.path!r} cannot be loaded: {type(error).__name__}: {why}"
        ) from None
