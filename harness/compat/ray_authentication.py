"""Ray's authentication by a token. Local clusters have it from Ray 2.59 on, and all clusters from 2.61 on.

Ray finds a token in ``RAY_AUTH_TOKEN``, in the file of ``RAY_AUTH_TOKEN_PATH`` or in ``~/.ray/auth_token``. Ray uses
the token if ``RAY_AUTH_MODE`` is ``token``. Tested with Ray 2.40 and 2.60.
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
    """Try a connection to a cluster: first without the token, then with the token if the cluster refuses.

    Ray itself uses the token only for the address ``auto``. A cluster without authentication must not get the token:
    this process would refuse the cluster's calls, and all actors would die. Raises the cluster's error if the cluster
    refuses both connections.
    """
    try:
        raylet.GcsClient(address=f"{host}:{port}")
    except Exception as error:
        if not refused(error) or not _take_token():
            raise
        raylet.GcsClient(address=f"{host}:{port}")


def _take_token() -> bool:
    """Use the token from now on, if there is a token and the user has not set the mode. Returns whether it is used."""
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
    """Keep the token in a folder, for a Ray that starts in this context.

    Ray itself would leave the token in the user's home, and the next ``ray start`` would find it there. If the user's
    variables give a token, that token is used instead.
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
