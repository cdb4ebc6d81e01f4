"""The Python interface as a user meets it: import times, reading without torch, hidden packages, the notebook."""

import json
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import analysis
import harness
from harness.common.errors import UserError

ROOT = Path(harness.__file__).parent.parent
IMPORTS = """
import sys, time
start = time.perf_counter()
import harness
from harness.common.errors import UserError
middle = time.perf_counter()
import analysis
loaded = {"torch", "ray", "pandas", "transformers"} & {*sys.modules}
print(middle - start, time.perf_counter() - middle, *sorted(loaded))
"""
BLOCKED = """
import importlib.abc, sys

class Blocked(importlib.abc.MetaPathFinder):
    names = set(sys.argv.pop(1).split())

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocked())
from harness.cli.main import main
import analysis

assert main(["list"]) == 0
assert main(["report", "--example", "--out", sys.argv[1]]) == 0
print(analysis.example().runs.shape)
"""


def python(code: str, *arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code, *arguments], cwd=cwd, capture_output=True, text=True)


def test_both_packages_import_at_once() -> None:
    first, second, *loaded = python(IMPORTS).stdout.split()
    assert float(first) < 0.3
    assert float(second) < 1
    assert loaded == []
    assert all(hasattr(package, name) for package in (harness, analysis) for name in package.__all__)


def closure(names: set[str]) -> set[str]:
    """The given distributions with everything that they need."""
    found: set[str] = set()
    todo = {name.lower().replace("_", "-") for name in names}
    while todo:
        name = todo.pop()
        found.add(name)
        try:
            needed = [Requirement(text) for text in requires(name) or []]
        except PackageNotFoundError:
            continue
        wanted = {
            one.name.lower().replace("_", "-")
            for one in needed
            if one.marker is None or one.marker.evaluate({"extra": ""})
        }
        todo |= wanted - found
    return found


@pytest.mark.nightly
def test_reports_need_the_packages_of_the_short_list_alone(tmp_path: Path) -> None:
    """Every other installed package is hidden, torch and Ray among them."""
    lines = (ROOT / "analysis/requirements.txt").read_text(encoding="utf-8").splitlines()
    there = closure({line for line in lines if not line.startswith("#")})
    modules = packages_distributions()
    hidden = [
        module
        for module, owners in modules.items()
        if not {owner.lower().replace("_", "-") for owner in owners} & (there | {"steadytune", "setuptools", "pip"})
    ]
    assert {"torch", "ray", "transformers", "datasets"} <= set(hidden)
    ended = python(BLOCKED, " ".join(hidden), str(tmp_path / "page"))
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "page" / "report.html").exists()


@pytest.mark.parametrize("name", ["analysis.py", "harness/__init__.py"])
def test_a_file_that_hides_a_package_is_named(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("", encoding="utf-8")
    call = "harness.run('quickstart')" if name == "analysis.py" else "analysis.example()"
    code = f"import sys; sys.path += [{str(ROOT)!r}]; import harness, analysis; {call}"
    ended = python(code, cwd=tmp_path)
    last = ended.stderr.strip().splitlines()[-1]
    assert last.startswith(f"ImportError: {name.partition('/')[0].removesuffix('.py')}: Python imports")
    assert str(file) in last


def test_a_study_of_another_type_is_refused() -> None:
    with pytest.raises(UserError, match="study: 3 is not allowed; give a Study or text or a path"):
        harness.run(3)  # type: ignore[arg-type]
    with pytest.raises(UserError, match=r"study: 'nope\.yaml' is not allowed; give a file that exists"):
        harness.run(Path("nope.yaml"))
    with pytest.raises(UserError, match=r"^keyword: there is no 'max_stepz'\. Did you mean 'max_steps'\?"):
        harness.run("quickstart", max_stepz=3)
    with pytest.raises(UserError, match=r"^keyword: there is no 'languages'\. Did you mean 'targets'\?"):
        harness.run("quickstart", languages=["de"])
    with pytest.raises(UserError, match=r"^targets of task udpos: there is no 'dee'"):
        harness.run("quickstart", targets=["dee"])


@pytest.mark.nightly
def test_the_notebook_runs(tmp_path: Path) -> None:
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(ROOT / "analysis/notebook.ipynb", as_version=4)
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = json.dumps(notebook)
    assert "6 trials" in shown
    assert "image/png" in shown
    assert "std" in shown
