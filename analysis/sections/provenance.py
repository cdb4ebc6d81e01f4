"""Origin of the numbers: code, machine, packages, encoder and data."""

from collections import Counter
from collections.abc import Iterator, Mapping

from analysis.rendering.cells import Cell
from analysis.rendering.section import Section
from analysis.rendering.table import Table
from analysis.results.frame import FINISHED
from analysis.results.view import View
from analysis.results.wording import named
from harness.common.origins import commit
from harness.common.provenance import Provenance


def section(view: View) -> Section | None:
    """The section; ``None`` if no finished trial states its origin."""
    made = table(view)
    return Section("provenance", made.title, [made]) if made.rows else None


def table(view: View) -> Table:
    """Every value found, by key, and the fingerprints of all test data.

    Several values of a key mean that the trials come from several machines, versions or inputs. Each value is then
    followed by its methods, with the number of their trials.
    """
    met: dict[str, dict[str, Counter[str]]] = {}
    tests: dict[str, None] = {}
    trials = view.results.trials
    finished = trials[trials["status"] == FINISHED]
    for tested in finished["test_data"]:
        tests |= dict.fromkeys(f"{language}\N{NO-BREAK SPACE}{fingerprint}" for language, fingerprint in tested.items())
    if "provenance" in trials:
        for method, made, read in zip(finished["method"], finished["provenance"], finished["inputs"], strict=True):
            for key, value in (*_facts(made), *read.items()):
                met.setdefault(key, {}).setdefault(value, Counter())[method] += 1
    shown: list[list[str | Cell]] = [[key, _values(values)] for key, values in met.items()]
    return Table(
        "provenance", "Provenance", ["what", "values met"], shown + ([["test data", "; ".join(tests)]] if tests else [])
    )


def _facts(made: Provenance) -> Iterator[tuple[str, str]]:
    yield "code", commit(made) if made.git else "installed package"
    if made.code:
        yield "code's hash", made.code
    yield "python", made.python
    yield "platform", made.platform
    yield "device", made.device
    if made.processor:
        yield "processor", made.processor
    yield "threads a trial", str(made.threads)
    yield from ((f"package {name}", version) for name, version in made.packages.items())


def _values(values: Mapping[str, Counter[str]]) -> str:
    if len(values) == 1:
        return next(iter(values))
    return "; ".join(f"{value} ({_methods(methods)})" for value, methods in values.items())


def _methods(methods: Counter[str]) -> str:
    trials = [f"{method}: {count}" for method, count in methods.items()]
    return named(trials, f"{methods.total()} trials of {len(methods)} methods")
