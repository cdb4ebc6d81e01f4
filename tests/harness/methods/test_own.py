"""A user's own methods: the id includes their code, workers receive the code, and reports work without the code."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import search_spaces
from harness.checks.first_step import try_first_step
from harness.cli.main import main
from harness.cli.overrides import scaled
from harness.common.errors import UserError
from harness.common.users import own_code
from harness.data.context import TrialContext
from harness.execution.on_ray.worker import code_of
from harness.execution.plan import plan
from harness.methods import L2, Composed, OwnMethod, Vanilla, method_from
from harness.store.store import Store
from harness.study import Study, TrialConfig
from harness.training.building import build_trainer
from harness.training.trial import run_trial
from tests.helpers.own_method import METHODS, NEIGHBOUR, STUDY


@pytest.fixture
def mine(tmp_path: Path, cut: Path) -> Path:
    """A folder with a study and two methods of a user's own."""
    (tmp_path / "mine.py").write_text(METHODS)
    (tmp_path / "wording.py").write_text(NEIGHBOUR)
    (tmp_path / "own.yaml").write_text(STUDY.format(cut=cut))
    return tmp_path


@pytest.fixture
def forgotten() -> Iterator[None]:
    """Received code is forgotten at the end."""
    yield
    own_code._received.clear()
    own_code._folders.clear()


def trials(folder: Path) -> list[TrialConfig]:
    return plan(search_spaces.load(str(folder / "own.yaml")))


def edit(file: Path, before: str, after: str) -> None:
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))


def test_own_methods_run_and_are_reported_without_their_code(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = str(mine / "store")
    assert main(["run", str(mine / "own.yaml"), "--local", "--no-report", "--store", store]) == 0
    found = trials(mine)
    records = Store(store).records(trial.id for trial in found)
    assert len(records) == 3
    freezing, twice = (records[trial.id] for trial in found[1:])
    assert freezing.cost.trained_parameters < records[found[0].id].cost.trained_parameters
    assert min(Store(store).history(twice.id).to_pydict()["penalty"]) > 0.5
    (mine / "mine.py").unlink()
    (mine / "wording.py").unlink()
    for command in (["report", "own"], ["show", str(mine / "own.yaml")], ["report", str(mine / "own.yaml")]):
        assert main([*command, "--store", store]) == 0, command
    page = next(Path(store).rglob("*.html")).read_text()
    assert "freeze_by_name(pattern=query)" in page
    assert "twice" in page
    with pytest.raises(UserError, match=r"methods: '.*mine\.py' is not allowed; give a file that exists"):
        trials(mine)


def test_the_id_depends_on_the_code_and_imported_files_not_on_the_folder(mine: Path) -> None:
    first = [trial.id for trial in trials(mine)]
    elsewhere = mine / "deep" / "er"
    elsewhere.mkdir(parents=True)
    for name in ("mine.py", "wording.py", "own.yaml"):
        shutil.copy(mine / name, elsewhere / name)
    assert [trial.id for trial in trials(elsewhere)] == first
    edit(elsewhere / "wording.py", "in name", "not in name")
    assert [trial.id for trial in trials(mine)] == first  # two folders with modules of the same names
    second = [trial.id for trial in trials(elsewhere)]
    assert (second[0], {*second} & {*first}) == (first[0], {first[0]})
    edit(elsewhere / "mine.py", "0.5", "0.6")
    assert len({*first, *second, *[trial.id for trial in trials(elsewhere)]}) == 7
    shown = [trial.method.identity() for trial in trials(mine)]
    assert shown[1] == {"name": "freeze_by_name", "pattern": "query", "code": shown[2]["code"]}


def test_an_edit_after_planning_is_refused(mine: Path) -> None:
    planned = trials(mine)[1]
    edit(mine / "wording.py", "in name", "not in name")
    with pytest.raises(UserError, match=r"methods: .*mine\.py changed since the study was planned"):
        run_trial(planned, cache=mine / "cache")


@pytest.mark.usefixtures("forgotten")
def test_workers_receive_the_code_itself(mine: Path) -> None:
    """The steps of a Ray worker, on a machine without the files."""
    edit(mine / "mine.py", "in model.named", "in self.fail if self.pattern == 'bad' else model.named")
    edit(mine / "own.yaml", "pattern: query}", "pattern: query}, {file: mine.py, name: freeze_by_name, pattern: bad}")
    planned = trials(mine)
    sent, code = [json.loads(json.dumps(trial.to_json())) for trial in planned], code_of(planned)
    assert {name: set(files) for name, files in code.items()} == {str(mine / "mine.py"): {"mine.py", "wording.py"}}
    for name in ("mine.py", "wording.py"):
        (mine / name).unlink()
    received = [TrialConfig.from_json(json.loads(json.dumps(one))) for one in sent]
    with pytest.raises(UserError, match="give a file that exists"):
        run_trial(received[1], cache=mine / "cache")
    for _ in range(2):
        own_code.receive(code)
    trainer = build_trainer(TrialContext.of(received[1], mine / "cache"))
    assert {name for name, p in trainer.model.named_parameters() if not p.requires_grad} == {
        name for name, _ in trainer.model.named_parameters() if "query" in name
    }
    with pytest.raises(UserError) as told:  # the user's path, not the worker's
        build_trainer(TrialContext.of(received[2], mine / "cache"))
    said = re.escape(str(mine / "mine.py")) + r":\d+: adapt of the method 'freeze_by_name' fails: AttributeError: "
    assert re.match(said, str(told.value))


def test_a_class_in_a_python_study_is_kept_with_its_file(mine: Path, cut: Path) -> None:
    (mine / "classes.py").write_text(
        METHODS
        + f"""
from harness.methods import Composed, L2
from harness.study import Arm, Setting, Study

SETTING = Setting(learning_rate=1e-3, max_steps=3, batch_size=4)
STUDY = Study(
    name="classes", task="udpos", data={str(cut)!r}, encoder={str(cut / "encoder")!r}, precision="fp32",
    methods=(FreezeByName(pattern="key"), Arm(method=Twice(), seeds=(3,)), Composed(methods=(Twice(), L2(strength=1)))),
    settings=(SETTING,), seeds=(0,), targets=("de",),
)
"""
    )
    study = search_spaces.load(str(mine / "classes.py"))
    assert [arm.method.label for arm in study.arms] == [
        "freeze_by_name(pattern=key)",
        "twice",
        "l2(strength=1) + twice",
    ]
    planned = plan(study)
    assert Study.from_json(json.loads(json.dumps(study.to_json()))) == study
    again = [TrialConfig.from_json(json.loads(json.dumps(trial.to_json()))) for trial in planned]
    assert [(trial.id, trial.method) for trial in again] == [(trial.id, trial.method) for trial in planned]
    assert planned[0].own_files == {str(mine / "classes.py"): ""}
    edit(mine / "wording.py", "in name", "not in name")
    assert not {trial.id for trial in plan(search_spaces.load(str(mine / "classes.py")))} & {t.id for t in planned}
    with pytest.raises(UserError, match=r"defined in no file; put the class into a \.py file"):
        exec(
            METHODS.replace("from wording import has", "") + "\nComposed(methods=(Twice(), L2(strength=1.0)))",
            {"Composed": Composed, "L2": L2, "__name__": "cell"},
        )


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("pattern: query", "patern: query", r"freeze_by_name: field: there is no 'patern'. Did you mean 'pattern'"),
        (
            "freeze_by_name",
            "freeze_by_nam",
            r"mine\.py: method: there is no 'freeze_by_nam'. Did you mean 'freeze_by_name'",
        ),
        ("name: freeze_by_name, pattern: query", "x: 1", r"it defines several methods; give 'name', one of freeze_by"),
        ("pattern: query", "pattern: [[1], {a: 2}]", r"pattern: \{'a': 2\} is not allowed"),
        ("{file: mine.py, name: twice}", "mine.txt", r"'mine\.txt'"),
        ("{file: mine.py, name: twice}", "{file: 3}", r"file: 3 is not allowed; give text"),
        ("name: twice", "name: [twice]", r"methods: .*name: \['twice'\] is not allowed; give text"),
        ("name: twice", "name: twice, whole: 3", r"whole: 3 is not allowed; give a mapping of options"),
    ],
)
def test_a_study_with_a_wrong_method_is_refused(mine: Path, before: str, after: str, message: str) -> None:
    edit(mine / "own.yaml", before, after)
    with pytest.raises(UserError, match=message):
        search_spaces.load(str(mine / "own.yaml"))


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("from wording import has", "from wordin import has", r"mine\.py:7: ModuleNotFoundError"),
        ("@dataclass(frozen=True, kw_only=True)\nclass Twice", "class Twice", r"Twice: write @dataclass\(frozen=True"),
        ('= "twice"', '= "l2"', r"Twice\.name: 'l2' is not allowed; give another name than the names of"),
        ('= "twice"', '= "freeze_by_name"', r"two of its methods have the same name"),
        ("share: float", "seeds: float", r"Twice: option: 'seeds' is not allowed"),
        ("share: float = 0.5", "share: float = 'x'", r"methods: twice: share: 'x' is not allowed; give a number"),
    ],
)
def test_a_wrong_file_of_methods_is_refused(mine: Path, before: str, after: str, message: str) -> None:
    edit(mine / "mine.py", before, after)
    with pytest.raises(UserError, match=message):
        search_spaces.load(str(mine / "own.yaml"))


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("for name, p", "1 / 0; x = 1\n        for name, p", r"mine\.py:21: adapt .*fails: ZeroDivisionError"),
        ("if has(name", "if has(3", r"wording\.py:2: adapt of the method 'freeze_by_name' fails: TypeError"),
        ("if has(name", "return name\n            if has(name", r"mine\.py:20: adapt .* type str; .* return None"),
        ("return self.share *", "return 1 or", r"mine\.py:39: loss .*returns type int; .* return type Tensor or None"),
        ("self.share *", "float('nan') *", r"methods: the loss of twice is nan on 2 examples; it must be finite"),
        ("self.share * ", "batch.labels * ", r"mine\.py: loss of the method 'twice' returns a tensor \(2, \d+\), not"),
        ("batch.outputs", "batch.output", r"mine\.py:40: loss .*fails: AttributeError: 'Batch' object has no attribut"),
    ],
)
def test_a_broken_method_gives_file_and_line_before_the_first_trial(
    mine: Path, before: str, after: str, message: str
) -> None:
    edit(mine / "mine.py", before, after)
    with pytest.raises(UserError, match=message) as told:
        try_first_step(trials(mine), local=True)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("above", ["import torch", "@torch.no_grad()", "@cache"])
def test_a_wrong_value_of_a_decorated_hook_gives_file_and_line(mine: Path, above: str) -> None:
    edit(mine / "mine.py", "if has(name", "return name\n            if has(name")
    edit(mine / "mine.py", "from dataclasses", "from functools import cache\n\nimport torch\nfrom dataclasses")
    edit(mine / "mine.py", "    def adapt(", f"    {above}\n    def adapt(" if above[0] == "@" else "    def adapt(")
    with pytest.raises(UserError, match=r"mine\.py:23: adapt of the method 'freeze_by_name' returns type str; it must"):
        try_first_step(trials(mine), local=True)


def test_a_class_with_two_names_is_one_method(mine: Path) -> None:
    (mine / "mine.py").write_text((mine / "mine.py").read_text() + "\n\nAlias = Twice\n")
    assert len({trial.id for trial in trials(mine)}) == 3


def test_a_class_with_slots_is_kept_with_its_file(mine: Path, cut: Path) -> None:
    """``dataclasses`` makes such a class a second time."""
    slotted = METHODS.replace("(frozen=True, kw_only=True)", "(frozen=True, kw_only=True, slots=True)")
    (mine / "slots.py").write_text(f"{slotted}\n\nMINE = Twice(share=0.25)\n")
    made = own_code.executed(mine / "slots.py").module.MINE  # type: ignore[attr-defined]
    assert Path(made.defined_in).name == "slots.py"


def test_a_wrong_value_of_an_inherited_hook_gives_file_and_line(mine: Path) -> None:
    edit(mine / "mine.py", "if has(name", "return name\n            if has(name")
    (mine / "mine.py").write_text(
        (mine / "mine.py").read_text()
        + """
@dataclass(frozen=True, kw_only=True)
class Inherits(FreezeByName):
    name: ClassVar[str] = "inherits"
"""
    )
    edit(mine / "own.yaml", "name: freeze_by_name", "name: inherits")
    with pytest.raises(UserError, match=r"mine\.py:20: adapt of the method 'inherits' returns type str; it must"):
        try_first_step(trials(mine), local=True)


def test_a_broken_callback_gives_file_and_line(mine: Path) -> None:
    (mine / "mine.py").write_text(
        METHODS
        + """
from transformers import TrainerCallback

class Breaks(TrainerCallback):
    def on_step_end(self, args, state, control, **rest):
        raise KeyError("gone")

@dataclass(frozen=True, kw_only=True)
class Ends(Method):
    name: ClassVar[str] = "ends"
    def callbacks(self):
        return [Breaks()]
"""
    )
    edit(mine / "own.yaml", "name: twice", "name: ends")
    with pytest.raises(UserError, match=r"mine\.py:46: on_step_end of the method 'ends' fails: KeyError: 'gone'"):
        run_trial(trials(mine)[2], cache=mine / "cache")


def test_an_own_loss_replaces_the_loss_of_the_task(mine: Path, trial: Callable[..., TrialConfig]) -> None:
    """A rewritten loss of the task equals vanilla, bit for bit."""
    edit(mine / "mine.py", "share: float = 0.5", "share: float = 1.0\n    replaces_loss: ClassVar[bool] = True")
    edit(mine / "mine.py", "batch.task_loss(batch.outputs(model))", "batch.task_loss(outputs)")
    ours = OwnMethod.from_json({"file": str(mine / "mine.py"), "name": "twice"}, "methods")
    found = []
    for method in (ours, Vanilla()):
        (config,) = plan(replace(search_spaces.load(str(mine / "own.yaml")), methods=(method,)))
        trainer = build_trainer(TrialContext.of(config, mine / "cache"))
        trainer.train()
        found.append({name: weights.detach() for name, weights in trainer.model.named_parameters()})
    assert all(torch.equal(weights, found[1][name]) for name, weights in found[0].items())


def test_an_option_of_an_own_method_is_changed_in_the_file(mine: Path) -> None:
    with pytest.raises(UserError, match=r"--set: freeze_by_name\.pattern is an option of a method of your own"):
        scaled(search_spaces.load(str(mine / "own.yaml")), changes=["freeze_by_name.pattern=key"])


def test_a_name_with_a_suffix_is_a_file() -> None:
    assert method_from("some/where/mine.py") == OwnMethod(file="some/where/mine.py")
    assert method_from(["some/where/mine.py", {"name": "l2", "strength": 1}]).label == "mine + l2(strength=1)"
