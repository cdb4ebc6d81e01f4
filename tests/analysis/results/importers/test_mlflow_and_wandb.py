"""CSV exports of MLflow and Weights & Biases, from runs that these programs kept."""

import csv
import os
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis.results.importers.reading import foreign_table, read
from analysis.results.opening import opened
from harness.common.errors import UserError
from tests.helpers import foreign

pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning")
"""MLflow's queries, under the newest SQLAlchemy."""


@pytest.fixture(scope="module")
def mlflow_export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The export of MLflow's own search of its runs, with an index as pandas writes it."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    mlflow = pytest.importorskip("mlflow")
    folder = tmp_path_factory.mktemp("mlflow")
    place = f"sqlite:///{folder / 'mlflow.db'}"
    client = mlflow.MlflowClient(place)
    experiment = client.create_experiment("study", (folder / "artifacts").as_uri())
    for run in foreign.runs():
        kept = client.create_run(experiment, run_name=run.name).info.run_id
        for name, value in (("method", run.method), ("seed", run.seed), ("learning_rate", run.learning_rate)):
            client.log_param(kept, name, value)
        for language, score in run.scores.items():
            client.log_metric(kept, f"test_{language}_f1", score)
            client.log_metric(kept, f"eval_{language}_f1", score / 2)
        client.set_terminated(kept)
    mlflow.set_tracking_uri(place)
    try:
        mlflow.search_runs([experiment]).to_csv(folder / "mlflow.csv")
    finally:
        mlflow.set_tracking_uri(None)
    return folder / "mlflow.csv"


def test_mlflow(mlflow_export: Path) -> None:
    results = foreign.check(mlflow_export)
    assert results.metric == "f1"
    assert results.source == "en"
    assert {key[-1] for key in foreign.found(results, "dev")} == {"en"}, "dev scores are those of the source alone"
    assert "MLflow's table of runs" in results.notes[0]


def test_mlflow_by_map(mlflow_export: Path) -> None:
    """A person's columns go before those that are found by name."""
    renamed = pd.read_csv(mlflow_export, dtype=str, keep_default_na=False).rename(
        columns={"params.method": "params.way", "params.seed": "params.number"}
    )
    file = mlflow_export.with_name("renamed.csv")
    renamed.to_csv(file, index=False)
    with pytest.raises(
        UserError, match=r"no column names the method or the seed. The columns are .*params\.way"
    ) as told:
        read(file)
    assert "--map method=params.way --map seed=params.number" in str(told.value)
    foreign.check(file, "method=params.way", "seed=params.number")
    results = read(file, ["method=params.way", "seed=params.number", "score.*=metrics.eval_*_f1"])
    assert results.scores["score"].max() == pytest.approx(50 * max(run.scores["en"] for run in foreign.runs()))
    assert set(results.scores["split"]) == {"test"}


@pytest.fixture(scope="module")
def wandb_runs() -> list[dict[str, Any]]:
    """Configuration and summary of runs, as W&B keeps them; nothing is sent."""
    wandb = pytest.importorskip("wandb")
    kept = []
    for run in foreign.runs():
        config = {"method": run.method, "seed": run.seed, "optimizer": {"lr": run.learning_rate}}
        logged = wandb.init(mode="disabled", config=config)
        logged.summary.update({f"test/{language}/accuracy": score for language, score in run.scores.items()})
        logged.summary["note"] = None
        summary = {name: logged.summary[name] for name in logged.summary.keys()}  # noqa: SIM118
        kept.append({"summary": summary, "config": dict(logged.config), "name": run.name})
        logged.finish()
    return kept


def test_recipe_of_wandb(wandb_runs: list[dict[str, Any]], tmp_path: Path) -> None:
    """The documentation's recipe writes dictionaries as text."""
    file = tmp_path / "project.csv"
    pd.DataFrame(wandb_runs).to_csv(file)
    results = foreign.check(file)
    assert results.metric == "accuracy"
    assert set(results.trials["trial"]) == {run.name for run in foreign.runs()}
    foreign.check(file, "method=config.method", "seed=config.seed", "score.*=summary.test/*/accuracy")


def test_table_of_wandb(wandb_runs: list[dict[str, Any]], tmp_path: Path) -> None:
    """The download of a table of runs has a column per value. A crashed run that was repeated is left out."""
    file = tmp_path / "wandb.csv"
    rows = [
        {"Name": run["name"], "State": "finished", "method": run["config"]["method"], "seed": run["config"]["seed"]}
        | {"lr": run["config"]["optimizer"]["lr"], **run["summary"]}
        for run in wandb_runs
    ]
    rows.insert(0, {**rows[0], "Name": "first try", "State": "crashed", "test/de/accuracy": ""})
    rows[2] |= {"State": "failed"}
    pd.DataFrame(rows).to_csv(file, index=False, quoting=csv.QUOTE_ALL)
    results = read(file)
    assert list(results.trials["status"]) == ["finished", "failed", *["finished"] * 6]
    assert "wandb.csv: 1 run that did not finish is left out, since another repeats it." in results.notes


def test_numbers_that_are_no_literals_are_missing(tmp_path: Path) -> None:
    """Python's text of a dictionary has nan and inf as names."""
    cells = "{'loss': -inf, 'all': [1, nan], 'note': 'a: info, b: nan', 'test/en/f1': 0.9, 'test/de/f1': 0.8}"
    file = tmp_path / "project.csv"
    file.write_text(f"summary,config,name\n\"{cells}\",\"{{'method': 'l2', 'seed': 0, 'note': 'x: inf'}}\",x\n")
    maps = ["method=config.method", "seed=config.seed", "score.*=summary.test/*/f1", "setting.note=summary.note"]
    found = read(file, maps)
    assert found.settings["setting.note"].tolist() == ["a: info, b: nan"]


def test_nothing_in_a_cell_is_evaluated(tmp_path: Path) -> None:
    file = tmp_path / "project.csv"
    made = tmp_path / "made"
    file.write_text(f"summary,config,name\n\"{{'a': open('{made}', 'w')}}\",{{}},x\n")
    with pytest.raises(UserError, match=r"project.csv:2: summary: holds no dictionary"):
        read(file)
    assert not made.exists()


BASE = "Name,State,method,seed,lr,wd2,test/en/f1,test/de/f1\n"


@pytest.mark.parametrize(
    ("text", "maps", "message"),
    [
        ("a,b\n1,2\n", [], r"no column names the method or the seed or the scores of languages. The columns are a, b."),
        (BASE, [], "there are no runs"),
        (f"{BASE}a,finished,l2,0,1,1,0.9,x\n", [], r"x.csv:2, test/de/f1: score: 'x' is not allowed; give a finite"),
        (f"{BASE}a,finished,l2,0,1,1,0.9,400\n", [], r"x.csv:2, test/de/f1: score: '400' is not allowed; give points"),
        (f"{BASE}a,sleeping,l2,0,1,1,0.9,0.8\n", [], "status: 'sleeping' is not allowed"),
        (f"{BASE}a,finished,,0,1,1,0.9,0.8\nb,,l2,0,1,1,1,1\n", [], "x.csv:2: method: '' is not allowed; give a value"),
        (f"{BASE}a,finished,l2,x,1,1,0.9,0.8\n", [], "seed: 'x' is not allowed; give a whole number"),
        (
            f"{BASE}a,finished,l2,0,1,1,0.9,0.8\nb,finished,l2,0,1.0,2,0.9,0.8\n", [],
            "the runs 2 and 3 have the same method, setting and seed. They differ in Name, lr, wd2. Name the hyperp",
        ),
        (
            "Name,method,seed,lr,test/en/f1,test/de/f1\na,l2,0,,0.9,0.8\nb,l2,0,,0.9,0.8\nc,l2,0,1,0.9,0.8\n", [],
            "the runs 2 and 3 have the same method, setting and seed. They differ in Name. Name the",
        ),
        (f"{BASE}a,finished,l2,0,1,1,0.9,0.8\nb,finished,L2,1,1,1,0.9,0.8\n", [], "'L2' and 'l2' .* differ by case"),
        (f"{BASE}a,finished,l2,0,1,1,0.9,0.8\n", ["method"], "--map: 'method' is not allowed; give FIELD=COLUMN"),
        (f"{BASE}a,finished,l2,0,1,1,0.9,0.8\n", ["sed=x"], "--map: field: there is no 'sed'. Did you mean 'seed'"),
        (f"{BASE}a,finished,l2,0,1,1,0.9,0.8\n", ["seed=sed"], r"--map seed: .*: column: there is no 'sed'. Did you"),
        (f"{BASE}a,finished,l2,0,1,1,0.9,0.8\n", ["seed=lr", "seed=wd2"], "--map: 'seed' is given twice"),
        (f"{BASE}a,finished,l2,0,1,1,0.9,0.8\n", ["score.de=f1"], r"--map score.de: .*: column: there is no 'f1'"),
        (f"{BASE}a,finished,l2,0,1,1,0.9,0.8\n", ["score.a=lr", "score.b=lr"], "--map: lr is given for two languages"),
        (f"{BASE}a,finished,l2,0,1,1,0.9,0.8\n", ["score.*=f1"], r"give columns with one \* for the language"),
        (f"{BASE}a,finished,l2,0,1,1,0.9,0.8\n", ["score.*=f1_*"], r"no column is of the form f1_\*. The columns are"),
        (f"{BASE}a,finished,l2,0,1,1,0.9,0.8\n", ["Name={method}-{seed}"], r"2: Name: 'a' is not allowed; give names"),
        (
            f"{BASE}a,finished,l2,0,1,1,0.9,0.8\n", ["Name={method}-x", "Name=y-{seed}"],
            "--map: 'Name' has two forms, '{method}-x' and 'y-{seed}'; give it one",
        ),
        ("Name,State,method,seed,config/seed,test/de/f1\na,,l2,0,1,1\n", [], "the columns seed and config/seed differ"),
        (f"{BASE}a,finished,l2,0,1,1,0.9,0.8\n", ["setting.=lr"], "--map: field: there is no 'setting.'"),
    ],
)  # fmt: skip
def test_mistakes(tmp_path: Path, text: str, maps: list[str], message: str) -> None:
    file = tmp_path / "x.csv"
    file.write_text(text)
    with pytest.raises(UserError, match=message):
        read(file, maps)


@pytest.mark.parametrize("cell", ["[1]", "{1", "{'a': " * 500 + "1" + "}" * 500, "-" * 9999 + "1", "\0"])
def test_cells_that_are_no_dictionary(tmp_path: Path, cell: str) -> None:
    (tmp_path / "x.csv").write_text(f'summary,config,name\n"{cell}",{{}},x\n')
    with pytest.raises(UserError, match=r"x.csv"):
        read(tmp_path / "x.csv")


def test_own_form_is_no_foreign_table(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("method,seed,language,score\nv,0,en,90\n")
    assert foreign_table(str(file)) is None
    assert foreign_table(str(file), ["method=method"]) == file


def test_one_row_for_each_language(tmp_path: Path) -> None:
    """Runs that were logged apart for each language."""
    file = tmp_path / "x.csv"
    rows = "".join(
        f"{run.method};{run.seed};{run.learning_rate!s};{lang};{str(score).replace('.', ',')}\n"
        for run in foreign.runs()
        for lang, score in run.scores.items()
    )
    file.write_text(f"way;seed;lr;to;f1\n{rows}")
    foreign.check(file, "method=way", "language=to", "score=f1")


def test_dev_scores_are_the_mapped_source_s(tmp_path: Path) -> None:
    """The runs were trained on German; the dev scores of English must not select anything."""
    file = tmp_path / "x.csv"
    file.write_text(
        "method,seed,from,eval/en/f1,eval/de/f1,test/en/f1,test/de/f1\n"
        + "".join(f"{method},0,de,0.{seed}1,0.{seed}2,0.5,0.6\n" for seed, method in enumerate(("a", "b"), 3))
    )
    results = read(file, ["source=from"])
    assert results.source == "de"
    assert results.runs["dev"].tolist() == [32.0, 42.0]
    assert set(results.scores.query("split == 'dev'")["language"]) == {"de"}


def test_options_reach_an_export(mlflow_export: Path, tmp_path: Path) -> None:
    maps = ["setting.rate=params.learning_rate", "score.*=metrics.test_*_f1"]
    view = opened(str(mlflow_export), str(tmp_path / "none"), source="de", baseline="l2", maps=maps)
    assert view.results.source == "de"
    assert set(view.results.settings["setting.rate"]) == {1e-5, 3e-5}
    assert view.baseline == "l2"
