"""Helpers that make tables of results and call ``steadytune report`` and ``compare`` on them."""

import re
from collections.abc import Callable

from harness.cli.main import main

HEAD = "method,seed,language,score"
ROWS = [
    "plain,0,en,90",
    "plain,0,de,70",
    "plain,1,en,91",
    "plain,1,de,60",
    "pulled,0,en,89",
    "pulled,0,de,72",
    "pulled,1,en,88",
    "pulled,1,de,71",
]


def table(head: str = HEAD, rows: list[str] | None = None, more: Callable[[str], str] = lambda row: row) -> str:
    """The text of a CSV file with the given rows."""
    return "\n".join([head, *map(more, rows or ROWS)]) + "\n"


def call(arguments: str) -> int:
    """Run the command line and return its exit code. Blanks separate arguments; ~ is a blank inside an argument."""
    try:
        return main([word.replace("~", " ") for word in arguments.split()])
    except SystemExit as ended:
        return int(str(ended.code))


def check_page(page: str) -> None:
    """Check that the page shows no NaN or infinity, even for undefined figures."""
    text = re.sub(r"<(style|script)\b.*?</\1>|<[^>]*>", " ", page, flags=re.DOTALL)
    assert not re.search(r"(?<![\w-])[-+±]?\s?(nan|inf)(?![\w-])", text, flags=re.IGNORECASE)
    assert not re.search(r"data-sort-value=\"(nan|-?inf)", page)
