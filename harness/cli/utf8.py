"""File names in a locale that is not UTF-8."""

import os
import sys


def restart_in_utf8_mode() -> None:
    """Restart this command in Python's UTF-8 mode if the locale has another encoding.

    Ray, Arrow and libraries in Rust read every file name as UTF-8. In another encoding, Python would not find the files
    that they write. Text for the terminal keeps the terminal's encoding.
    """
    if sys.getfilesystemencoding() == "utf-8" or not sys.executable:
        return
    os.environ["PYTHONUTF8"] = "1"  # also for Ray's workers
    os.environ.setdefault("PYTHONIOENCODING", f"{getattr(sys.stdout, 'encoding', 'utf-8')}:replace")
    os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])
