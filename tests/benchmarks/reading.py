"""Seconds to read a large study from a local store, and to write its report.

    python -m tests.benchmarks.reading [--settings 50] [--seeds 50] [--languages 40] [--no-report]

There are four methods, so 10,000 trials by default. The scores are made up (``tests.helpers.synthetic``).
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tabulate import tabulate

from analysis.report import write
from analysis.results.from_csv import read
from analysis.results.from_store import load
from analysis.results.tidy import tidy
from analysis.results.view import View
from harness.store.store import Store
from tests.helpers import synthetic

T = TypeVar("T")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--settings", type=int, default=50)
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--languages", type=int, default=40)
    parser.add_argument("--no-report", action="store_true")
    options = parser.parse_args()
    rows: list[tuple[str, float]] = []

    def timed(what: str, work: Callable[[], T]) -> T:
        start = time.perf_counter()
        found = work()
        rows.append((what, time.perf_counter() - start))
        return found

    with tempfile.TemporaryDirectory() as folder:
        made = synthetic.study(options.languages, rates=options.settings, seeds=options.seeds)
        synthetic.store(Path(folder) / "store", made, histories=False)
        store = Store(Path(folder) / "store", create=False)
        results = timed("read the store", lambda: load(store, made.name))
        timed("runs and their scores by language", lambda: (results.runs, results.wide))
        table = timed("tidy frame", lambda: tidy(results))
        timed("write results.csv", lambda: table.to_csv(Path(folder) / "results.csv", index=False))
        timed("read results.csv", lambda: read(str(Path(folder) / "results.csv")))
        if not options.no_report:
            written = timed("write the report", lambda: write(View(results, 1, store), Path(folder) / "report"))
            size = written.html.stat().st_size / 2**20
            rows.append(("size of report.html (MiB)", size))
        print(f"{len(results.trials)} trials × {options.languages} languages, {len(results.scores)} scores\n")
    print(tabulate(rows, ["what", "seconds"], floatfmt=".1f", tablefmt="github"))


if __name__ == "__main__":
    main()
