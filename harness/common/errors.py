"""The error for a user's mistake: one message with the field, its value and the allowed values."""

import difflib
import os
import re
from collections.abc import Iterable

MAX_VALUE = 120
"""Largest number of characters of a value in a message."""
CREDENTIALS = re.compile(r"""(?<=://)[^/@\s'"]*(:[^@\s'"]*)?@""")
"""The part of a URL before the host: a user name, and often a password or a key."""

SIGNATURES = re.compile(r"""([?&][^=&\s'"]*(?:token|key|secret|sig|password|credential)[^=&\s'"]*=)[^&\s'"]+""", re.I)
"""Secret parameters of a URL, for example of a signed address."""
TOKENS = re.compile(r"\b(?:hf_|sk-|ghp_|AKIA)[A-Za-z0-9_-]{12,}")
"""Tokens of Hugging Face, OpenAI, GitHub and AWS."""
SECRET_NAMES = re.compile("TOKEN|KEY|SECRET|PASSWORD|CREDENTIAL", re.IGNORECASE)
"""Names of environment variables whose values are secret."""
NO_MEMORY = re.compile("out of memory|can't allocate memory|ALLOC_FAILED", re.IGNORECASE)
"""Messages of torch's out-of-memory errors, of a GPU or a CPU. Some of these errors have no class of their own."""


class UserError(Exception):
    """A mistake in a study, a path or a data file. The command line prints the message alone and exits with code 2."""

    def __init__(self, message: str) -> None:
        super().__init__(without_credentials(message))


class TimeLimitError(Exception):
    """A trial or a Fisher diagonal exceeded its time limit. Code that handles every other error lets it pass."""


def lacks_memory(error: BaseException) -> bool:
    """Whether an error says that this process or a GPU ran out of memory."""
    return isinstance(error, MemoryError) or bool(NO_MEMORY.search(str(error)))


def without_credentials(text: str) -> str:
    """A text with the user names and passwords of its URLs replaced by ``***``."""
    return CREDENTIALS.sub("***@", text)


def without_secrets(text: str) -> str:
    """A text without URL credentials, tokens of known forms, and secret variables' values of 8 or more characters."""
    text = TOKENS.sub("***", SIGNATURES.sub(r"\1***", without_credentials(text)))
    for name, value in os.environ.items():
        if SECRET_NAMES.search(name) and len(value) >= 8:
            text = text.replace(value, "***")
    return text


def bad(field: str, value: object, allowed: str) -> UserError:
    """The error for a value that ``field`` does not allow.

    An example is ``learning_rate: -1.0 is not allowed; give a number above 0``.
    """
    return UserError(f"{field}: {_shown(value)} is not allowed; give {allowed}")


def unknown(field: str, name: object, known: Iterable[str], *, listed: str = "") -> UserError:
    """The error for a name that is not in ``known``; it suggests the nearest known name if one is close.

    ``listed`` is a command or place that lists all known names, for lists too long for a message.
    """
    names = sorted(known)
    near = difflib.get_close_matches(str(name), names, n=1, cutoff=0.5)
    near = near or [one for one in names if one.casefold() == str(name).casefold()]
    guess = f" Did you mean {near[0]!r}?" if near else ""
    rest = f"{listed} shows all {len(names)}" if listed else f"Known: {', '.join(names) or 'none'}"
    return UserError(f"{field}: there is no {_shown(name)}.{guess} {rest}")


def reason(error: Exception) -> str:
    """An error's message on one line."""
    return getattr(error, "strerror", None) or " ".join(str(error).split()) or type(error).__name__


def reason_and_file(error: Exception) -> str:
    """``reason``, with the files named in the error if the message lacks them."""
    files = [getattr(error, "filename", None), getattr(error, "filename2", None)]
    if isinstance(error, UnicodeEncodeError):  # a name that a library cannot encode
        files.append(error.object)
    named = [repr(os.fsdecode(file)) for file in files if isinstance(file, str | bytes)]
    said = reason(error)
    return ": ".join([said, " -> ".join(named)]) if named and not all(file in said for file in named) else said


def _shown(value: object) -> str:
    """A value on one line, cut if it is long."""
    try:
        plain = [] if value == () else value  # an empty list of a study's file has become a tuple
        text = without_credentials(repr(plain))  # before the cut, which may leave half a password
    except (ValueError, RecursionError):  # an integer with thousands of digits, or endlessly nested lists
        return f"a {type(value).__name__} too long to show"
    return text if len(text) <= MAX_VALUE else f"{text[: MAX_VALUE - 1]}…"
