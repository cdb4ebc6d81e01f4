"""The memory of a search: the trials that it has tried."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.common.errors import UserError
from harness.ranges import loguniform
from harness.store.store import Store
from harness.study import Study
from harness.tuning.journal import FAILED, FINISHED, STOPPED, Rung, SearchTrial, read, winner
from tests.helpers.searches import config, filled, journal, run
from tests.helpers.store_files import former
from tests.helpers.studies import LONG, SPACE


def test_what_had_ended_is_known_and_counted(searched: Study, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    filled(searched, store)
    made = journal(searched, store)
    assert [(one.setting.learning_rate, one.status, one.dev) for one in made.of("vanilla")] == [
        (0.001, FINISHED, 50.0),
        (0.002, STOPPED, 10.0),
        (0.003, FAILED, None),
        (0.004, FINISHED, 48.0),
    ]
    assert made.of("vanilla")[3].scores == (Rung(1, 1, 25.0), Rung(2, 2, 35.0), Rung(3, 9, 48.0))
    assert (made.left("vanilla"), made.left("l2(strength=0.01)")) == (2, 6)
    assert journal(searched, store, retry_failed=True).left("vanilla") == 3
    points, rewards = made.points("vanilla")
    assert [point["learning_rate"] for point in points] == [0.001, 0.002, 0.004]
    assert rewards == [50.0, 10.0, 48.0]
    assert made.points("l2(strength=0.01)") == ([], [])
    assert made.outdated == []


def test_a_longer_search_keeps_what_the_shorter_one_tried_and_a_smaller_space_what_lies_in_it(
    searched: Study, tmp_path: Path
) -> None:
    store = Store(tmp_path / "store")
    filled(searched, store)
    assert searched.search is not None
    assert journal(replace(searched, search=replace(searched.search, trials=20)), store).left("vanilla") == 16
    before = journal(searched, store).of("vanilla")
    narrow = replace(searched.search, space={**SPACE, "learning_rate": loguniform(1e-4, 2.5e-3)})
    made = journal(replace(searched, search=narrow), store)
    assert [one.setting.learning_rate for one in made.of("vanilla")] == [0.001, 0.002]
    assert len(made.others) == 3
    made.save()
    assert len(read(store, searched.name)) == 2
    back = journal(searched, store)  # trials outside the space have been kept
    assert {one.id: one.status for one in back.of("vanilla")} == {one.id: one.status for one in before}
    assert back.others == []
    elsewhere = journal(replace(searched, settings=(replace(LONG, batch_size=8),)), store)
    assert elsewhere.of("vanilla") == []


def test_other_rungs_forget_who_was_stopped_and_keep_who_finished(searched: Study, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    filled(searched, store)
    assert searched.search is not None
    made = journal(replace(searched, search=replace(searched.search, rungs=2)), store)
    assert [(one.status, one.scores) for one in made.of("vanilla")] == [
        (FINISHED, (Rung(2, 9, 50.0),)),
        (FINISHED, (Rung(2, 9, 48.0),)),
    ]


def test_a_finished_trial_that_lacks_a_language_is_known_and_to_be_scored_again(
    searched: Study, tmp_path: Path
) -> None:
    store = Store(tmp_path / "store")
    filled(searched, store)
    made = journal(replace(searched, targets=("de", "hi", "fi")), store)
    assert [trial.setting.learning_rate for trial in made.outdated] == [0.001]
    # 0.004 was not seen to end, and its record lacks a requested language
    assert made.points("vanilla")[1] == [50.0, 10.0]


def test_a_setting_drawn_twice_counts_twice_and_a_finished_trial_stays_finished(
    searched: Study, tmp_path: Path
) -> None:
    store = Store(tmp_path / "store")
    made = filled(searched, store)
    again = config(made, 0.001)
    made.begun(again)
    made.scored(again, Rung(3, 9, 50.0))
    assert made.ended(again, FINISHED, 0.1).draws == 2
    found = journal(searched, store)
    assert found.left("vanilla") == 1
    assert [one.scores[0].dev for one in found.of("vanilla") if one.draws == 2] == [20.0]


def test_entries_that_cannot_be_read_are_passed_over(searched: Study, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    filled(searched, store)
    file = tmp_path / "store" / "studies" / "small.json"
    content = json.loads(file.read_text())
    del content["search"][0]["setting"]
    content["search"][1]["scores"] = 7
    file.write_text(json.dumps(content))
    assert len(read(store, "small")) == 3
    endless = [{"rung": 1, "step": 1, "dev": 10**400}]
    for change in ({"seconds": None}, {"status": "odd"}, {"scores": endless}):
        content["search"].append({**content["search"][2], **change})
    file.write_text(json.dumps(content))
    assert len(read(store, "small")) == 3
    file.write_text("{torn")
    assert read(store, "small") == []


def test_the_winner_is_the_best_finished_one_by_dev_alone(searched: Study, tmp_path: Path) -> None:
    def tried(rate: float, status: str, dev: float, method: str = "vanilla") -> SearchTrial:
        setting = replace(LONG, learning_rate=rate)
        return SearchTrial(
            id=str(rate), method=method, setting=setting, status=status, scores=(Rung(3, 9, dev),), rules=(3, 3)
        )

    found = [tried(1, FINISHED, 50.0), tried(2, STOPPED, 70.0), tried(3, FINISHED, 60.0), tried(4, FINISHED, 60.0)]
    best = winner([*found, tried(5, FINISHED, 80.0, "l2")], "vanilla")
    assert best is not None
    assert best.id == "3"
    assert winner(found[1:2], "vanilla") is None
    lowest = winner(found, "vanilla", sign=-1)
    assert lowest is not None
    assert lowest.id == "1"


def test_dev_scores_by_former_rules_meet_no_others(searched: Study, tmp_path: Path) -> None:
    """Dev scores of finished trials are recomputed if they have predictions."""
    store = Store(tmp_path / "store")
    filled(searched, store)
    file = Path(store.root, "studies", f"{searched.name}.json")
    found = json.loads(file.read_text(encoding="utf-8"))
    for one in found["search"]:
        del one["scorer"]
    file.write_text(json.dumps(found), encoding="utf-8")
    read_now = {one.setting.learning_rate: one for one in read(store, searched.name)}
    assert (read_now[0.001].scores, read_now[0.002].scores) == ((Rung(3, 9, 50.0),), ())
    made = journal(searched, store)
    # The stopped trial was judged by other scores. The failed trial has none. The third trial's record has its own
    # score.
    assert [(one.setting.learning_rate, one.status, one.dev) for one in made.of("vanilla")] == [
        (0.001, FINISHED, 50.0),
        (0.003, FAILED, None),
        (0.004, FINISHED, 48.0),
    ]
    former(store, made.tried[config(made, 0.001).id].id)  # and without predictions
    assert [one.setting.learning_rate for one in journal(searched, store).of("vanilla")] == [0.003, 0.004]
    assert winner(read(store, searched.name), "vanilla") is None


def test_a_second_search_of_the_name_is_refused_and_overwrites_nothing(searched: Study, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    filled(searched, store)
    before = read(store, searched.name)
    with (
        Store(tmp_path / "store").claim(f"search-{searched.name}") as first,
        pytest.raises(UserError, match=r"another process searches .* in this store; wait for its end"),
    ):
        run(searched, store)
    assert first
    assert read(store, searched.name) == before
