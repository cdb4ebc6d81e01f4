"""Where the numbers come from: code, machine, packages, encoder and data."""

from analysis.rendering.cells import Cell
from analysis.rendering.section import Section
from analysis.rendering.table import Table
from analysis.results.frame import FINISHED
from analysis.results.view import View


def section(view: View) -> Section | None:
    """Where any finished trial says where it comes from."""
    made = table(view)
    return Section("provenance", made.title, [made]) if made.rows else None


def table(view: View) -> Table:
    """Every value met, by key: more than one of a key means that the trials do not come from one machine, version or
    input."""
    met: dict[str, dict[str, None]] = {}
    tests: dict[str, None] = {}
    trials = view.results.trials
    finished = trials[trials["status"] == FINISHED]
    for tested in finished["test_data"]:
        tests |= dict.fromkeys(f"{language}\N{NO-BREAK SPACE}{fingerprint}" for language, fingerprint in tested.items())
    if "provenance" in trials:
        for made, read in zip(finished["provenance"], finished["inputs"], strict=True):
            git = made.git
            rows = {
                "code": f"{git.commit[:12]}{' with uncommitted changes' if git.dirty else ''}"
                if git
                else "installed package",
                "python": made.python,
                "platform": made.platform,
                "device": made.device,
                "threads a trial": str(made.threads),
                **{f"package {name}": version for name, version in made.packages.items()},
                **read,
            }
            for key, value in rows.items():
                met.setdefault(key, {})[value] = None
    shown: list[list[str | Cell]] = [[key, "; ".join(values)] for key, values in met.items()]
    return Table(
        "provenance", "Provenance", ["what", "values met"], shown + ([["test data", "; ".join(tests)]] if tests else [])
    )
