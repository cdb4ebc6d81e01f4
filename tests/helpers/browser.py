"""Helpers that show a page in headless Chromium, run steps at its end and return their result."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

needs_chromium = pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-sync "
    "--enable-logging=stderr --virtual-time-budget=60000"
)
DARK = ("--force-dark-mode", "--blink-settings=preferredColorScheme=0")


def told_by(page: str, steps: str, folder: Path, *flags: str) -> Any:
    """The return value of ``steps``, the body of an async function, in a browser that shows the page.

    The value passes through JSON. A message on the page's console fails the test.
    """
    ends = f"""
      (async () => {{ {steps} }})().then((told) => {{
        const out = document.createElement("pre");
        out.id = "out";
        out.textContent = JSON.stringify(told);
        document.body.append(out);
      }});
    """
    file = folder / "page.html"
    file.write_text(page.replace("</body>", f"<script>{ends}</script></body>"), encoding="utf-8")
    profile = f"--user-data-dir={folder / 'profile'}"
    command = ["chromium", *FLAGS.split(), *flags, profile, "--dump-dom", file.as_uri()]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert not re.findall(r".*CONSOLE.*", shown.stderr)
    found = re.search(r'<pre id="out">(.*?)</pre>', shown.stdout, flags=re.DOTALL)
    assert found is not None
    return json.loads(html.unescape(found[1]))
