"""A search on the real Ray with failing trials."""

import re
from pathlib import Path

import pytest

from harness.cli.main import main
from harness.store.store import Store
from harness.tuning.journal import FAILED, read
from tests.helpers.search_files import SEARCH, STUDY

BROKEN = """
from harness.tasks import PairTask


class Broken(PairTask):
    name = "broken"
    languages = ("en", "de")
    labels = ("no", "yes")

    def scores(self, gold, predicted):
        raise RuntimeError("out of luck")


TASK = Broken()
"""


@pytest.mark.usefixtures("one_worker")
@pytest.mark.slow
def test_trials_that_fail_are_counted_and_shown(cut: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "data" / "broken").mkdir(parents=True)
    for name in ("train-en", "dev-en", "test-en", "test-de"):
        (tmp_path / "data" / "broken" / f"{name}.tsv").write_text("a\tb\tno\na\ta\tyes\n", encoding="utf-8")
    (tmp_path / "data" / "encoder").symlink_to(cut / "encoder")
    (tmp_path / "broken.py").write_text(BROKEN, encoding="utf-8")
    file = tmp_path / "tuned.yaml"
    file.write_text(
        STUDY.replace("udpos", str(tmp_path / "broken.py")).format(data=tmp_path / "data") + SEARCH.format(trials=2)
    )
    command = ["search", str(file), "--store", str(tmp_path / "store")]
    assert main(command) == 1
    out = capsys.readouterr().out
    assert out.count("failed: RuntimeError: out of luck") == 2
    assert "0 finished before, 0 stopped before, 0 failed before, 2 to draw" in out
    tried = read(Store(tmp_path / "store"), "tuned")
    assert [(one.status, one.draws) for one in tried] == [(FAILED, 1)] * 2
    page = (tmp_path / "store" / "reports" / "tuned" / "report.html").read_text()
    shown = re.sub("<template>.*?</template>", "", page, flags=re.DOTALL)  # which is the table's LaTeX
    assert shown.count("RuntimeError: out of luck") == 2
    assert main(command) == 1
    assert "2 failed before, 0 to draw" in capsys.readouterr().out
