"""``list`` of anything besides studies, ``--version`` and ``completion``."""

import subprocess
from importlib.metadata import version

import pytest

from harness.cli.main import main
from harness.designs import DESIGNS
from harness.methods import METHODS
from harness.tasks import TASKS


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    assert main(arguments) == 0
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(("kind", "names"), [("methods", METHODS), ("tasks", TASKS), ("designs", DESIGNS)])
def test_every_thing_is_listed_within_80_columns(
    kind: str, names: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    lines = printed(capsys, "list", kind)
    assert max(map(len, lines)) <= 80
    assert [line.partition(":")[0] for line in lines if not line.startswith(" ")] == list(names)


def test_options_have_their_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, "list", "methods")
    assert "strength (needed)" in lines[lines.index("l2") + 3]
    assert "rank = 8" in " ".join(lines[lines.index("lora") :])


def test_a_prefix_selects_studies(capsys: pytest.CaptureFixture[str]) -> None:
    heads = [line for line in printed(capsys, "list", "designs/") if not line.startswith(" ")]
    assert heads
    assert all(line.startswith("designs/") for line in heads)
    assert main(["list", "quickstrat"]) == 2
    assert "Did you mean 'quickstart'?" in capsys.readouterr().err


def test_encoders_fit_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, "list", "encoders")
    assert max(map(len, lines)) <= 80
    assert any(line.startswith("embedded") for line in lines)


def test_the_version_names_the_libraries_that_compute(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    shown = capsys.readouterr().out
    assert all(f"{name} {version(name)}" in shown for name in ("torch", "transformers", "ray"))


def completed(script: str, *words: str) -> list[str]:
    """The words with which bash completes the last of ``words``."""
    asked = (
        f"{script}\nCOMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; _steadytune; echo ${{COMPREPLY[@]}}"
    )
    return subprocess.run(["bash", "-c", asked], capture_output=True, text=True, check=True).stdout.split()


def test_bash_completes_commands_studies_and_options(capsys: pytest.CaptureFixture[str]) -> None:
    script = "\n".join(printed(capsys, "completion", "bash"))
    assert completed(script, "steadytune", "do") == ["doctor"]
    assert completed(script, "steadytune", "run", "quick") == ["quickstart"]
    assert completed(script, "steadytune", "run", "--dry") == ["--dry-run"]
    assert completed(script, "steadytune", "list", "meth") == ["methods"]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_have_a_script_too(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert any("doctor" in line for line in printed(capsys, "completion", shell))


def test_a_wrong_prefix_gets_the_nearest_name_on_a_short_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "methodz"]) == 2
    said = capsys.readouterr().err
    assert "Did you mean 'methods'? 'steadytune list' shows all" in said
    assert len(said) < 120
