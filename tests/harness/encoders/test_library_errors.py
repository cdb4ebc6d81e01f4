"""Errors of libraries for an encoder's files: some are the user's, and some are not about the files."""

import pytest
import torch

from harness.common.errors import TimeLimitError, UserError
from harness.encoders.library_errors import user_errors
from harness.encoders.pinning import Encoder

ENCODER = Encoder("/somewhere", "sha256:0")


@pytest.mark.parametrize(
    "error",
    [
        TimeLimitError("took longer"),
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory"),
    ],
)
@pytest.mark.parametrize("wrapped", [False, True])
def test_time_and_memory_are_no_fault_of_the_files(error: Exception, *, wrapped: bool) -> None:
    """``transformers`` raises an ``OSError`` in place of any error while it loads a tokenizer."""
    with pytest.raises(type(error)) as caught, user_errors(ENCODER, "tokenizer"):
        loaded(error, wrapped=wrapped)
    assert caught.value is error


def loaded(error: Exception, *, wrapped: bool) -> None:
    """Fail as a library does."""
    try:
        raise error
    except Exception:
        if wrapped:
            raise OSError("Can't load tokenizer")  # noqa: B904
        raise


def test_any_other_error_names_the_encoder() -> None:
    with (
        pytest.raises(UserError, match=r"the tokenizer of '/somewhere' cannot be loaded: OSError: Can't load"),
        user_errors(ENCODER, "tokenizer"),
    ):
        raise OSError("Can't load tokenizer")
