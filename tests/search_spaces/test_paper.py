"""The paper's studies against the figures of its tables: settings, seeds, methods, languages, counts."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

import search_spaces
from analysis.published import MBERT, TABLES, TASKS, XLMR_LARGE, ZERO_SHOT, Kind, figures, load, of_task, targets_of
from analysis.results.method_label import MethodLabel
from harness.common.errors import UserError
from harness.data import corpus
from harness.data.origin import Origin
from harness.execution.plan import plan
from harness.methods import L2, Adapter, Ewc, Method, SoftPrompt
from harness.methods.fisher_estimate import Estimate
from harness.setting import Setting
from harness.study import FullArm, Study
from tests.helpers.readme import PAGES, alternatives

ENCODERS = {MBERT: "bert-base-multilingual-cased", XLMR_LARGE: "xlm-roberta-large"}
PAPER = {name: search_spaces.load(name) for name in search_spaces.names() if name.startswith("paper/")}
BY_TASK = [
    (name, task)
    for name in ("zero-shot", "sensitivity", "extreme", "frechet", "frozen", "xlmr-large")
    for task in TASKS
]


def numbers(study: Study) -> list[int]:
    """The tables that a study says it reproduces."""
    words = re.fullmatch(r"Tables? (\d+(?:, \d+)*)|Figure 1", study.reproduces)
    assert words is not None
    return [int(number) for number in (words[1] or "").split(", ") if number]


def published_name(method: Method) -> str:
    """What the paper's tables call a method: of its options they have only whose Fisher information ewc takes."""
    label = MethodLabel.of(method.label)
    variant = [
        option
        for option in label.family.removeprefix("ewc(").rstrip(")").split(", ")
        if option.startswith(("target+", "mix "))
    ]
    return f"{label.kind}({variant[0]})" if label.kind == "ewc" and variant else label.kind


def arms(study: Study) -> dict[str, FullArm]:
    """A study's methods by the tables' names."""
    return {published_name(arm.method): arm for arm in study.arms}


def printed(arm: FullArm) -> list[tuple[float, int, float | None]]:
    """What Table 10 prints of a method's settings."""
    return [(setting.learning_rate, setting.warmup_steps, setting.epochs) for setting in arm.settings]


def paper(family: str, task: str = "") -> Study:
    name = f"paper/{family}-{task}".rstrip("-")
    return PAPER["paper/frechet" if name == "paper/frechet-xnli" else name]


def trained(study: Study) -> set[object]:
    """A study's fine-tunings, by all of it that makes their identity."""
    return {
        (study.task, study.encoder, study.data, method, setting, seed) for method, _, setting, seed, *_ in study.runs()
    }


def counted() -> dict[str, int]:
    """The page's table: how many trials each study has."""
    found: dict[str, int] = {}
    for cells, counts in re.findall(
        r"^\| (`paper/[^|]*) \|[^|]*\| ([^|]*) \|$", PAGES["search_spaces/README.md"], re.MULTILINE
    ):
        names = [name for pattern in re.findall(r"`(paper/[^`]*)`", cells) for name in alternatives(pattern)]
        numbers = [int(count) for count in re.findall(r"\d+", counts)]
        found |= zip(names, numbers if len(numbers) > 1 else numbers * len(names), strict=True)
    return found


def test_the_table_of_counts_has_every_study() -> None:
    assert counted().keys() == PAPER.keys()


@pytest.mark.parametrize(("name", "count"), counted().items())
def test_a_study_has_as_many_trials_as_the_table_of_counts_says(name: str, count: int) -> None:
    assert len(trained(PAPER[name])) == len(list(PAPER[name].runs())) == count


def test_every_table_and_the_figure_have_a_study() -> None:
    asked = {(number, task) for number, table in TABLES.items() if table.kind != Kind.SETTINGS for task in table.tasks}
    assert {(number, study.task) for study in PAPER.values() for number in numbers(study)} == asked
    assert [study.name for study in PAPER.values() if study.reproduces == "Figure 1"] == ["paper/lambda-xnli"]


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("method", ["vanilla", "l2"])
def test_sensitivity_has_the_settings_of_table_10(task: str, method: str) -> None:
    rows = load(10).query("task == @task and method == @method").sort_values("setting")
    expected = list(zip(rows["learning_rate"], rows["warmup_steps"], rows["epochs"], strict=True))
    assert len(expected) == 5
    assert printed(arms(paper("sensitivity", task))[method]) == expected


@pytest.mark.parametrize("task", TABLES[16].tasks)
@pytest.mark.parametrize("method", ["soft_prompt", "bitfit", "adapter"])
def test_frozen_has_the_settings_of_table_16(task: str, method: str) -> None:
    (row,) = load(16).query("task == @task and method == @method").itertuples()
    arm = arms(paper("frozen", task))[method]
    assert printed(arm) == [(row.learning_rate, 0, row.epochs)]  # it has no warmup
    assert ",".join(map(str, arm.seeds)) == row.seeds
    if isinstance(arm.method, SoftPrompt):
        assert str(arm.method.tokens) == row.prompts
    if isinstance(arm.method, Adapter):
        assert str(arm.method.size) == row.size


@pytest.mark.parametrize(
    ("name", "number"), [(name, number) for name, study in PAPER.items() for number in numbers(study)]
)
def test_languages_methods_and_runs_are_the_tables(name: str, number: int) -> None:
    study, table = PAPER[name], TABLES[number]
    assert study.encoder == ENCODERS[table.encoder]
    expected = targets_of(number, study.task) if table.kind != Kind.CORRELATION else []
    assert set(study.targets) == set(expected or targets_of(1, study.task))  # Tables 5 and 14 do not say theirs
    if table.kind != Kind.CORRELATION:
        assert set(of_task(number, study.task)["method"]) - {"published"} <= set(arms(study))
    if table.runs:
        for arm in study.arms:
            assert len(arm.settings) * len(arm.seeds) == table.runs


@pytest.mark.parametrize(
    ("family", "task"), [(family, task) for family, task in BY_TASK if family != "frozen" or task in TABLES[16].tasks]
)
def test_no_method_is_in_a_study_that_no_table_of_it_has(family: str, task: str) -> None:
    study = paper(family, task)
    assert study.task == task
    if family != "frechet":
        assert set(arms(study)) == {method for n in numbers(study) for method in of_task(n, task)["method"]} - {
            "published"
        }


def test_ewc_has_a_model_for_each_language_that_its_row_has_a_figure_of() -> None:
    for task in TASKS:
        best = next(n for n, t in TABLES.items() if t.kind == Kind.BEST and t.tasks == (task,) and t.encoder == MBERT)
        languages = len(figures(best)["ewc"].keys() - {"en", ZERO_SHOT})
        assert len(trained(paper("zero-shot", task))) == 3 * (2 + languages)


def test_the_extreme_differs_from_the_best_in_the_rate_alone() -> None:
    for task in TASKS:
        extreme, best = arms(paper("extreme", task)), arms(paper("zero-shot", task))
        for method, arm in extreme.items():
            assert [setting.learning_rate for setting in arm.settings] == [1e-4]
            assert arm.settings == tuple(replace(setting, learning_rate=1e-4) for setting in best[method].settings)


def test_the_figure_varies_the_strength_alone_over_six_seeds() -> None:
    study = PAPER["paper/lambda-xnli"]
    strengths = [arm.method.strength for arm in study.arms if isinstance(arm.method, L2)]
    assert len(study.arms) == 1 + len(strengths)
    assert strengths == [0.0001, 0.001, 0.01, 0.1, 1.0]
    assert len({(arm.settings, arm.seeds) for arm in study.arms}) == 1
    assert printed(study.arms[0]) == printed(arms(paper("sensitivity", "xnli"))["vanilla"])[:1]
    assert (study.seeds[:3], len(study.seeds)) == ((42, 10, 20), 6)


# What the paper leaves unsaid, as ``search_spaces.paper`` and its files say that it was chosen


@pytest.mark.parametrize("name", PAPER)
def test_all_else_is_the_same_everywhere(name: str) -> None:
    study = PAPER[name]
    assert (study.source, study.data, study.precision, study.checkpoint, study.replicates) == (
        "en",
        "hub",
        "auto",
        "last",
        1,
    )
    for arm in study.arms:
        for setting in arm.settings:
            rest = Setting(
                learning_rate=setting.learning_rate, warmup_steps=setting.warmup_steps, epochs=setting.epochs
            )
            unsaid = {
                "batch_size": 32,
                "max_length": 128,
                "schedule": "linear",
                "weight_decay": 0.0,
                "max_grad_norm": 1.0,
            }
            assert setting == replace(rest, **unsaid)
        if name != "paper/lambda-xnli":
            assert arm.seeds == ((42,) if "sensitivity" in name or "xlmr" in name else (42, 10, 20))
            assert not isinstance(arm.method, L2) or arm.method == L2(strength=0.01)
        if isinstance(arm.method, Ewc):
            assert replace(arm.method, plus=(), mix=()) == Ewc(strength=100.0, text="wikipedia", examples=1000)


@pytest.mark.parametrize("task", TASKS)
def test_the_best_setting_is_the_first_of_table_10(task: str) -> None:
    for family in ("zero-shot", "frechet", *(["frozen"] if task in TABLES[16].tasks else [])):
        found, rows = arms(paper(family, task)), arms(paper("sensitivity", task))
        for method, row in (("vanilla", "vanilla"), ("l2", "l2"), ("ewc", "vanilla")):
            assert method not in found or printed(found[method]) == printed(rows[row])[:1]


@pytest.mark.parametrize(
    ("task", "setting"),
    [("xnli", (3e-5, 0, 5)), ("panx", (2e-5, 0, 10)), ("udpos", (2e-5, 0, 10)), ("pawsx", (2e-5, 0, 5))],
)
def test_the_large_encoder_has_the_settings_of_xtreme_s_scripts(task: str, setting: tuple[float, int, int]) -> None:
    assert [printed(arm) for arm in paper("xlmr-large", task).arms] == [[setting]] * 2


def test_tables_that_quote_one_another_share_their_trials() -> None:
    for task in TASKS:
        assert trained(paper("frechet", task)) < trained(paper("zero-shot", task))
    for task in TABLES[16].tasks:
        assert len(trained(paper("frozen", task)) & trained(paper("zero-shot", task))) == 6
    xnli = trained(paper("zero-shot", "xnli"))
    assert len(trained(PAPER["paper/ewc-variants"]) & xnli) == 9
    assert len(trained(PAPER["paper/lambda-xnli"]) & xnli) == 3
    assert figures(6, "xnli")["vanilla"].items() <= figures(2)["vanilla"].items()
    assert figures(15)["ewc"].items() <= figures(2)["ewc"].items()


@pytest.mark.parametrize("task", ["udpos", "pawsx"])
def test_moved_to_the_embedded_encoder_they_plan(task: str) -> None:
    study = replace(paper("sensitivity", task), encoder="embedded", data="embedded", targets=("de", "fr"))
    assert len({trial.id for trial in plan(study)}) == len(trained(study)) == 10


def test_the_text_of_xnli_is_the_corpus_that_its_own_study_reads(tmp_path: Path) -> None:
    (tmp_path / "xnli").mkdir()
    for language in ("en", "de"):
        pairs = [(f"{language} premise {i // 3}", f"{language} says: {i}", "neutral") for i in range(30)]
        lines = "".join("\t".join(pair) + "\n" for pair in pairs)
        (tmp_path / "xnli" / f"test-{language}.tsv").write_text(lines, encoding="utf-8")
    own, other = (Estimate(languages=("en", "de"), text=text, examples=20) for text in ("task", "xnli"))
    place = str(tmp_path)
    assert corpus.fingerprints(own, Origin("xnli", place)) == corpus.fingerprints(other, Origin("panx", place))
    assert corpus.passages("xnli", "de", 1, Origin("panx", place)) == ("de premise 0",)
    with pytest.raises(UserError, match="languages with a test file there: de, en"):
        corpus.fingerprints(Estimate(languages=("ja",), text="xnli"), Origin("panx", place))


@pytest.mark.parametrize(("name", "times"), [("sensitivity-udpos", 1), ("sensitivity-udpos-tenfold", 10)])
def test_shortened_a_study_keeps_what_its_settings_differ_by(name: str, times: int) -> None:
    printed, short = paper("sensitivity", "udpos"), search_spaces.load(f"short/{name}")
    assert short.targets == printed.targets
    for arm, shortened in zip(printed.arms, short.arms, strict=True):
        assert arm.method == shortened.method
        for whole, made in zip(arm.settings, shortened.settings, strict=True):
            assert made.learning_rate == pytest.approx(times * whole.learning_rate)
            assert made.max_steps == 30 * (whole.epochs or 0)
            assert made.warmup_steps / made.steps(0) == pytest.approx(
                whole.warmup_steps / whole.steps(21_253), abs=0.5 / made.steps(0)
            )
