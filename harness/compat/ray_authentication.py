"""Ray's authentication by a token, where this Ray has it: of local clusters from 2.59 on, of all from 2.61.

A token is found in ``RAY_AUTH_TOKEN``, in the file of ``RAY_AUTH_TOKEN_PATH`` or in ``~/.ray/auth_token``, and counts
where ``RAY_AUTH_MODE`` is ``token``. Tested with Ray 2.40 and 2.60.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ray import _raylet

try:
    from ray._private.authentication import authentication_token_setup
except ImportError:  # before Ray 2.52
    setup: Any = None
else:
    setup = authentication_token_setup

raylet: Any = _raylet  # a library in C++
MODE, TOKEN, TOKEN_FILE = "RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"


def check_token() -> None:
    """Raise Ray's ``AuthenticationError`` if ``RAY_AUTH_MODE`` asks for a token and there is none."""
    if setup is not None:
        setup.ensure_token_if_auth_enabled(None, create_token_if_missing=False)


def greet(host: str, port: int) -> None:
    """Try whether a cluster lets us in, with our token if it refuses us without one.

    Ray itself takes the token for the address ``auto`` alone. A cluster without authentication must not get it: its
    calls to our process would be refused, and all actors would die. Raises the cluster's error if it refuses us.
    """
    try:
        raylet.GcsClient(address=f"{host}:{port}")
    except Exception as error:
        if not refused(error) or not _take_token():
            raise
        raylet.GcsClient(address=f"{host}:{port}")


def _take_token() -> bool:
    """Authenticate from now on, if there is a token and nothing forbids it; whether that is so."""
    if setup is None or MODE in os.environ:
        return False
    if not raylet.AuthenticationTokenLoader.instance().has_token(ignore_auth_mode=True):
        return False
    os.environ[MODE] = "token"
    _read_again()  # Ray has read its variables already
    return True


def refused(error: BaseException | None) -> bool:
    """Whether an error, or an error that caused it, is due to a missing or wrong token."""
    while error is not None:
        if type(error).__name__ == "AuthenticationError" or "InvalidAuthToken" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


@contextmanager
def own_token(folder: Path) -> Iterator[None]:
    """Keep the token of a Ray that is started inside in a folder; Ray would leave it in the user's home, where the next
    ``ray start`` would find it.

    A token of the user's own variables is used instead.
    """
    before = {name: os.environ.get(name) for name in (MODE, TOKEN_FILE)}
    if os.environ.get(TOKEN) is None and os.environ.get(TOKEN_FILE) is None:
        (folder / "auth_token").write_text(secrets.token_hex(32), encoding="ascii")
        os.environ[TOKEN_FILE] = str(folder / "auth_token")
        _read_again()
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        _read_again()


def _read_again() -> None:
    if setup is not None:
        raylet.AuthenticationTokenLoader.instance().reset_cache()
        raylet.Config.initialize("")
