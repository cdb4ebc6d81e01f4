"""The report on distances between languages, from a real store: what it says, what it draws, and what it does without
scores."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file
from scipy import stats

from analysis.fisher.frechet import distances
from analysis.fisher.report import _notes, write_fisher_report
from harness.common.errors import UserError
from harness.methods import L2, Vanilla
from harness.store.store import Store
from harness.study import DataFiles, Setting, Study, TrialConfig
from harness.tasks import Own
from harness.tasks.own.token import OwnToken
from tests.helpers.pages import Page, record
from tests.helpers.report_rows import made, run
from tests.helpers.stores import result_of

TARGETS = ("de", "hi", "ja", "tr", "ur", "zh")
STUDY = Study(
    name="far",
    task="udpos",
    methods=(Vanilla(), L2(strength=0.1)),
    settings=(Setting(learning_rate=1e-3, max_steps=1),),
    seeds=(0, 1),
    targets=TARGETS,
)


def score(language: str, seed: int) -> float:
    return 80.0 - 5 * ("en", *TARGETS).index(language) + seed


OWN = replace(
    STUDY,
    task=OwnToken(labels=("NOUN", "VERB")),
    data=DataFiles(
        train={"en": "train.conllu"},
        dev={"en": "dev.conllu"},
        test={language: f"{language}.conllu" for language in ("en", *TARGETS)},
    ),
)
"""The study with a task and files of the user's own."""


def stored(folder: Path, finished: int, study: Study = STUDY) -> Store:
    """A store with the study run, and the first of its four trials finished: both of vanilla, then those of l2."""
    tests = {code: f"test-{code}" for code in ("en", *TARGETS)}
    trials = [
        TrialConfig(
            task=study.task.name if isinstance(study.task, Own) else study.task,
            own_task=study.task if isinstance(study.task, Own) else None,
            source="en",
            encoder_revision="r",
            training_data="t",
            encoder="embedded",
            data=study.data,
            targets=TARGETS,
            test_data=tests,
            method=method,
            setting=STUDY.settings[0],
            seed=seed,
            precision="fp32",
        )
        for method in (Vanilla(), L2(strength=0.1))
        for seed in STUDY.seeds
    ]
    store = Store(folder / "store")
    store.save_study(study, trials)
    for trial in trials[:finished]:
        made = record(trial, "f1")
        for language, values in made["scores"]["test"].items():
            values["f1"] = score(language, trial.seed)
        store.save(trial, result_of(made))
    return store


@pytest.fixture(scope="module")
def diagonals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Path]]:
    """Of two corpora; the second lacks a language, and has one that is no target."""
    folder = tmp_path_factory.mktemp("diagonals")
    random = np.random.default_rng(0)
    files: dict[str, dict[str, Path]] = {"embedded": {}, "wiki/2024": {}}
    for i, (label, languages) in enumerate(zip(files, (("en", *TARGETS), ("en", *TARGETS[1:], "fr")), strict=True)):
        for language in languages:
            files[label][language] = folder / f"{i}-{language}.safetensors"
            save_file({"w": random.gamma(0.3, size=(20, 4)).astype(np.float32)}, files[label][language])
    return files


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return stored(tmp_path_factory.mktemp("fisher"), 3)


def words(html: Path) -> str:
    return " ".join(" ".join(Page(html.read_text(encoding="utf-8")).text).split())


def test_the_page_is_self_contained_with_everything_beside_it(
    store: Store, diagonals: dict[str, dict[str, Path]]
) -> None:
    written = write_fisher_report(store, STUDY, diagonals)
    assert written.html == Path(store.root) / "reports" / "far" / "fisher" / "fisher.html"
    page = Page(written.html.read_text(encoding="utf-8"))
    assert all(link.startswith("data:") for link in page.links)
    text = words(written.html)
    for said in (
        "square root of Eq. 3",
        "vanilla's on the test sets, means over its 2 runs",
        "over the n target languages",
        "Table 5",
    ):
        assert said in text
        assert said in " ".join(written.summary.split())
    assert "embedded, is another" in text
    assert "The rows are not over the same languages." in text
    folder = written.html.parent
    figures = {f"{kind}-{label}" for kind in ("distances", "scores") for label in ("embedded", "wiki-2024")}
    assert {f.name for f in (folder / "figures").iterdir()} == {
        f"{name}.{kind}" for name in figures for kind in ("svg", "png")
    }
    tables = {"distances-embedded", "distances-wiki-2024", "languages", "correlations"}
    assert {f.name for f in (folder / "tables").iterdir()} == {
        f"{name}.{kind}" for name in tables for kind in ("csv", "md", "tex")
    }


def test_the_tables_have_the_numbers(store: Store, diagonals: dict[str, dict[str, Path]], tmp_path: Path) -> None:
    write_fisher_report(store, STUDY, diagonals, tmp_path / "out")
    tables = {file.stem: pd.read_csv(file) for file in (tmp_path / "out" / "tables").glob("*.csv")}
    for label, name in (("embedded", "embedded"), ("wiki/2024", "wiki-2024")):
        expected = distances(diagonals[label])
        written = tables[f"distances-{name}"].set_index("language")
        np.testing.assert_allclose(written.loc[expected.index, expected.columns], expected)
        row = tables["correlations"].set_index("corpus").loc[label]
        shared = [language for language in TARGETS if language in expected.index]
        means = [(score(language, 0) + score(language, 1)) / 2 for language in shared]
        assert row["n"] == len(shared)
        assert row["Pearson"] == pytest.approx(stats.pearsonr(expected.loc["en", shared], means).statistic)
        assert row["Spearman"] == pytest.approx(stats.spearmanr(expected.loc["en", shared], means).statistic)
        assert row["Pearson low"] <= row["Pearson"] <= row["Pearson high"]
        languages = tables["languages"].set_index("language")
        assert list(languages.index) == [*TARGETS, "fr"]
        np.testing.assert_allclose(languages.loc[shared, f"d, {label}"], expected.loc["en", shared])
    assert languages.loc["hi", "vanilla, F1 × 100 mean"] == pytest.approx(70.5)
    assert pd.isna(languages.loc["fr", "vanilla, F1 × 100 mean"])
    assert pd.isna(languages.loc["de", "d, wiki/2024"])


def test_the_scores_are_of_one_method(store: Store, diagonals: dict[str, dict[str, Path]], tmp_path: Path) -> None:
    written = write_fisher_report(store, STUDY, diagonals, tmp_path, method="l2(strength=0.1)")
    assert "l2(strength=0.1)'s on the test sets, means over the finished runs among its 2 runs" in " ".join(
        written.summary.split()
    )
    assert "Complete runs: 1; (n/m) marks a mean over n of m runs." in " ".join(written.summary.split())
    assert "75.00 (1/2)" in words(written.html)
    for place in (store, Store(tmp_path / "new")):
        with pytest.raises(UserError, match=r"method: there is no 'l2'\. Known: l2\(strength=0\.1\), vanilla"):
            write_fisher_report(place, STUDY, diagonals, tmp_path / "never", method="l2")
    assert not (tmp_path / "never").exists()


def test_one_run_of_which_some_trials_are_finished() -> None:
    """A run of a method with a model for each language has several trials."""
    rows = run("ewc", 0, {"en": 80.0, "de": 60.0}, trial="a") + run("ewc", 0, {"en": None, "hi": None}, trial="b")
    results = made(rows)
    assert results.runs["complete"].tolist() == [False]
    (note,) = _notes(results, "ewc", 1)
    assert "means over the finished trials of its one run." in note


def test_own_tasks_and_data_have_correlations_too(diagonals: dict[str, dict[str, Path]], tmp_path: Path) -> None:
    written = write_fisher_report(stored(tmp_path, 2, OWN), OWN, diagonals, tmp_path / "out")
    assert "No correlations" not in written.summary
    assert (tmp_path / "out" / "tables" / "correlations.csv").exists()
    other = replace(OWN, task=OwnToken(labels=("NOUN", "VERB"), words="forms"))
    assert "No correlations" in write_fisher_report(Store(tmp_path / "store"), other, diagonals, tmp_path).summary


def test_without_scores_there_are_distances_and_a_reason(
    store: Store, diagonals: dict[str, dict[str, Path]], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    write_fisher_report(store, STUDY, diagonals, out)  # what it leaves goes
    (out / "figures" / "mine.png").touch()
    (tmp_path / "nothing").mkdir()
    elsewhere = {language: file for language, file in diagonals["embedded"].items() if language not in TARGETS} | {
        "fr": diagonals["wiki/2024"]["fr"]
    }
    one = {"embedded": diagonals["embedded"]}
    cases = [
        (Store(tmp_path / "empty"), STUDY, one, "far has not been run in this store."),
        (stored(tmp_path / "nothing", 0), STUDY, one, "no trial of vanilla has finished."),
        (
            store,
            replace(STUDY, encoder="other/model"),
            one,
            "far was last run with the encoder embedded, and the distances are for other",
        ),
        (store, STUDY, {"embedded": elsewhere}, "no language has both a distance and a score."),
    ]
    for place, study, files, why in cases:
        written = write_fisher_report(place, study, files, out)
        assert f"No correlations: {why}" in " ".join(written.summary.split())
        assert f"No correlations: {why}" in words(written.html)
        assert "Table 5" not in words(written.html)
        assert {f.stem for f in (out / "tables").iterdir()} == {"distances-embedded", "languages"}
        assert {f.name for f in (out / "figures").iterdir()} == {
            "distances-embedded.svg",
            "distances-embedded.png",
            "mine.png",
        }


def test_writing_it_again_gives_the_same_files(
    store: Store, diagonals: dict[str, dict[str, Path]], tmp_path: Path
) -> None:
    contents = []
    for _ in range(2):
        write_fisher_report(store, STUDY, diagonals, tmp_path / "out")
        contents.append({f.relative_to(tmp_path): f.read_bytes() for f in tmp_path.rglob("*.*")})
    assert contents[0] == contents[1]
    assert [f.name for f in tmp_path.iterdir()] == ["out"]


def test_mistakes(store: Store, diagonals: dict[str, dict[str, Path]], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"--out: .* cannot be written"):
        write_fisher_report(store, STUDY, diagonals, tmp_path / "file" / "out")
    without = {"task": {language: file for language, file in diagonals["embedded"].items() if language != "en"}}
    with pytest.raises(
        UserError, match=r"fisher: the corpus 'task' has no diagonal of the source language 'en'; it has de, hi"
    ):
        write_fisher_report(store, STUDY, without, tmp_path / "out")
