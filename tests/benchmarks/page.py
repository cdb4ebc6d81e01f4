"""Seconds to write the report of a table of results, and the size of its page.

    python -m tests.benchmarks.page [--rates 11] [--seeds 3] [--languages 40] [--keep FOLDER]

There are six methods, so 198 trials by default; ``--rates 42 --seeds 40`` makes 10,080. The scores are made up
(``tests.helpers.csv_studies``).
"""

import argparse
import tempfile
import time
from pathlib import Path

from analysis.report import write
from analysis.results.from_csv import read
from analysis.results.view import View
from tests.helpers.csv_studies import SIX, Design, table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rates", type=int, default=11)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--languages", type=int, default=40)
    parser.add_argument("--keep", type=Path, help="folder for the report, which is deleted otherwise")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "runs.csv"
        table(Design(options.rates, options.seeds, options.languages, SIX)).to_csv(file, index=False)
        start, cpu = time.perf_counter(), time.process_time()
        results = read(str(file))
        read_in = time.perf_counter() - start
        written = write(View(results), options.keep or Path(folder) / "report")
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        size = written.html.stat().st_size / 1e6
    print(f"{len(results.trials)} trials × {options.languages} languages: {seconds:.1f} s ({cpu:.1f} CPU s; ", end="")
    print(f"reading {read_in:.1f} s), page {size:.2f} MB")


if __name__ == "__main__":
    main()
