"""Names of files in a locale that is not UTF-8."""

import os
import sys


def restart_in_utf8_mode() -> None:
    """Start this command again in Python's UTF-8 mode where the locale is another: Ray, Arrow and the libraries written
    in Rust take every file name as UTF-8, and would write beside what Python itself finds.

    The terminal is still written to in its own encoding.
    """
    if sys.getfilesystemencoding() == "utf-8" or not sys.executable:
        return
    os.environ["PYTHONUTF8"] = "1"  # for Ray's workers, too
    os.environ.setdefault("PYTHONIOENCODING", f"{getattr(sys.stdout, 'encoding', 'utf-8')}:replace")
    os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])
