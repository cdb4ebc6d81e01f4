"""Studies by name: found, loaded, listed and shown."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import search_spaces
from harness.cli.main import main
from harness.common.errors import UserError
from harness.execution.plan import plan
from harness.study import Study

MADE = """
from harness.methods import Vanilla
from harness.study import Setting, Study


def made(name):
    return Study(
        name=name,
        question="?",
        task="udpos",
        methods=[Vanilla()],
        settings=[Setting(learning_rate=1e-3, max_steps=1)],
        seeds=[0],
        targets=["de"],
    )


"""


@pytest.fixture
def spaces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose modules are found beside those of ``search_spaces``."""
    monkeypatch.setattr(search_spaces, "__path__", [*search_spaces.__path__, str(tmp_path)])
    search_spaces.studies.cache_clear()
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith("search_spaces."):
            del sys.modules[name]
    search_spaces.studies.cache_clear()


@pytest.mark.parametrize("name", search_spaces.names())
def test_every_study_loads_and_asks_something(name: str) -> None:
    study = search_spaces.load(name)
    assert study.name == name
    assert study.question.endswith("?")
    assert Study.from_json(study.to_json()) == study
    if study.encoder == study.data == "embedded":
        assert len(plan(study)) == len(list(study.runs()))


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(UserError, match="Did you mean 'quickstart'"):
        search_spaces.load("quikstart")
    with pytest.raises(UserError, match="Did you mean 'paper/sensitivity-udpos'"):
        search_spaces.load("paper/sensitivity-upos")
    with pytest.raises(UserError) as error:
        search_spaces.load("no such study at all")
    assert str(error.value) == (
        f"study: there is no 'no such study at all'. 'steadytune list' shows all {len(search_spaces.names())}"
    )
    with pytest.raises(UserError, match=r"study: 'runs\.csv' is not allowed.*'steadytune report' reads tables"):
        search_spaces.load("runs.csv")


def test_a_file_s_name_that_is_none_for_a_study_is_said_to_be_the_file_s(tmp_path: Path) -> None:
    file = tmp_path / "my study.yaml"
    text = (
        "task: udpos\nmethods: [vanilla]\nseeds: [0]\ntargets: [de]\nsettings: [{learning_rate: 1e-3, max_steps: 3}]\n"
    )
    file.write_text(text, encoding="utf-8")
    with pytest.raises(
        UserError,
        match=r"name: 'my study' is not allowed; give letters.*\. The name is the file's name, because the study has "
        r"no field 'name'",
    ):
        search_spaces.load(str(file))
    file.write_text(f"name: mine\n{text}", encoding="utf-8")
    assert search_spaces.load(str(file)).name == "mine"


def test_a_module_has_a_study_of_its_name_or_a_family(spaces: Path) -> None:
    (spaces / "my_own.py").write_text(f"{MADE}STUDY = made('my-own')", encoding="utf-8")
    (spaces / "set_of").mkdir()
    (spaces / "set_of" / "__init__.py").write_text("SHARED = 1", encoding="utf-8")
    (spaces / "set_of" / "some.py").write_text(
        f"{MADE}from search_spaces.set_of import SHARED\nSTUDIES = (made('set/a'), made('set/b'))", encoding="utf-8"
    )
    assert {"my-own", "set/a", "set/b", "quickstart"} <= set(search_spaces.names())
    assert search_spaces.load("set/b").name == "set/b"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {"a.py": "STUDY = made('a')", "b.py": "STUDIES = (made('c'), made('a'))"},
            r"two studies have the name 'a', in search_spaces\.a and search_spaces\.b; rename one",
        ),
        (
            {"a.py": "STUDIES = (made('x'), made('x'))"},
            r"two studies have the name 'x', in search_spaces\.a and search_spaces\.a",
        ),
        ({"a.py": "STUDY = made('quickstart')"}, r"the STUDY of search_spaces\.a is called 'quickstart'; call it 'a'"),
        (
            {"a.py": "STUDIES = (made('quickstart'),)"},
            r"two studies have the name 'quickstart', in search_spaces\.a and search_spaces\.quickstart",
        ),
        ({"a.py": ""}, r"search_spaces\.a must define either STUDY, a Study, or STUDIES"),
        ({"a.py": "STUDIES = ()"}, r"search_spaces\.a must define either"),
        ({"a.py": "STUDIES = [made('x')]"}, r"search_spaces\.a must define either"),
        ({"a.py": "STUDIES = made('x')"}, r"search_spaces\.a must define either"),
        ({"a.py": "STUDY = 3"}, r"search_spaces\.a must define either"),
        ({"a.py": "STUDY = made('a')\nSTUDIES = (made('x'),)"}, r"search_spaces\.a must define either"),
    ],
)
def test_modules_that_do_not_do(
    spaces: Path, files: dict[str, str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, content in files.items():
        (spaces / name).write_text(MADE + content, encoding="utf-8")
    with pytest.raises(UserError, match=message):
        search_spaces.names()
    assert main(["list"]) == 2
    assert capsys.readouterr().err.startswith("steadytune: study: ")


def test_list_has_each_study_with_its_question(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    heads = [line for line in lines if not line.startswith(" ")]
    assert [line.split()[0] for line in heads] == search_spaces.names()
    assert len({line.index(" trials") for line in heads}) == 1
    rest = " ".join(" ".join(lines).split())
    for line in heads:
        study = search_spaces.load(line.split()[0])
        drawn = study.search.trials * len(study.methods) if study.search is not None else len(list(study.runs()))
        assert line.split()[1] == str(drawn)
        assert line.endswith(study.reproduces)
        assert study.question in rest


def test_show_has_settings_by_method(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "quickstart", "--store", str(tmp_path / "none")]) == 0
    lines = capsys.readouterr().out.splitlines()
    header = next(i for i, line in enumerate(lines) if line.split()[-1:] == ["methods"])
    assert lines[header].split() == ["learning_rate", "warmup_steps", "max_steps", "seeds", "methods"]
    assert lines[header + 1].split() == ["0.0003", "6", "60", "0", "1", "vanilla,", "l2(strength=0.05)"]
    assert lines[header + 5].split() == ["0.002", "6", "60", "0", "1", "ewc(strength=10)"]
    assert lines[header + 7].startswith("all: batch_size=16 ")
    assert f"24 trials, 0 finished in {tmp_path / 'none'}" in lines


@pytest.mark.parametrize(("field", "place"), [("encoder", "/no/encoder"), ("data", "/no/data")])
def test_a_study_is_shown_without_its_encoder_and_data(
    tmp_path: Path, field: str, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    values = search_spaces.load("paper/sensitivity-xnli").to_json() | {
        "encoder": "embedded",
        "name": "mine",
        field: place,
    }
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(_plain(values)), encoding="utf-8")
    assert main(["show", str(tmp_path / "mine.yaml"), "--store", str(tmp_path / "store")]) == 0
    out = capsys.readouterr().out
    assert "Tables 3, 4" in out
    assert f"10 trials, without ids: {field}: {place!r} is not allowed" in out
    assert sum("seed=42" in line for line in out.splitlines()) == 10
    rows = [line.split() for line in out.splitlines()]
    assert ["5e-05", "3600", "3", "42", "vanilla"] in rows
    assert ["5e-05", "4000", "3", "42", "l2(strength=0.01)"] in rows
    assert not (tmp_path / "store").exists()


def _plain(value: object) -> object:
    """Tuples as lists, for YAML."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def test_yaml_takes_merge_keys_and_refuses_keys_given_twice(tmp_path: Path) -> None:
    head = "task: udpos\nmethods: [vanilla]\nseeds: [0]\ntargets: [de]\n"
    file = tmp_path / "mine.yaml"
    file.write_text(
        head + "settings: [&one {learning_rate: 1e-3, max_steps: 3}, {<<: *one, learning_rate: 2e-3}]\n",
        encoding="utf-8",
    )
    assert [setting.learning_rate for setting in search_spaces.load(str(file)).settings] == [1e-3, 2e-3]
    file.write_text(head + "settings: [{learning_rate: 1e-3, max_steps: 3}]\nseeds: [1]\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"mine\.yaml:6: not readable as YAML: the key 'seeds' is given twice$"):
        search_spaces.load(str(file))


def test_a_mistake_in_python_names_the_line_and_the_nearest_option(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("from harness.study import Setting\n\nSetting(learning_rat=1e-3, max_steps=3)\n", encoding="utf-8")
    with pytest.raises(
        UserError, match=r"mine\.py:3: Setting: there is no 'learning_rat'\. Did you mean 'learning_rate'\?"
    ):
        search_spaces.load(str(file))
    file.write_text("from harness.ranges import loguniform\n\nloguniform(0, 1)\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"mine\.py:3: loguniform: lower: 0\.0 is not allowed"):
        search_spaces.load(str(file))
