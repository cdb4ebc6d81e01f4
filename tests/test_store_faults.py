"""Bad disks, real where one can be had: what is broken is found, set aside and made again, and never believed."""

import copy
import json
import math
import multiprocessing
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from analysis.sections import provenance
from analysis.stored import load
from analysis.view import View
from harness import attempt as attempts
from harness import cli, encoding, fisher, fishers, study
from harness.budget import comparable
from harness.errors import UserError
from harness.methods import Ewc, Vanilla
from harness.place import FORGOTTEN
from harness.plan import plan
from harness.record import check, is_of
from harness.store import LAYOUT, Store
from harness.study import Study, TrialConfig
from harness.sweep import Outcome
from harness.trial import TrialResult, run_trial
from tests.test_store import result
from tests.test_study import CONFIG
from tests.test_sweep import run, scores

LOST = "/proc/self/mem"
"""What the system cannot read at its start: an input/output error, as of a bad sector."""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """With a record of ``CONFIG``."""
    made = Store(tmp_path / "store")
    made.save(CONFIG, result())
    return made


@pytest.fixture
def one(study: Study) -> Study:
    return replace(study, methods=(Vanilla(),), targets=("de",))


def file_of(store: Store, name: str, trial: str = CONFIG.id) -> Path:
    (found,) = Path(store.root, "trials", trial).glob(name)
    return found


def files(store: Store) -> list[Path]:
    return sorted(file for file in Path(store.root).rglob("*") if file.is_file())


# Broken files


def changed(*path: str, to: object) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        found = json.loads(content)
        *way, last = path
        inner = found
        for key in way:
            inner = inner[key]
        inner[last] = to
        return json.dumps(found).encode()

    return change


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        lambda content: b"",
        lambda content: b"\x00" * len(content),
        lambda content: b"[]",
        lambda content: b"[" * 100_000,
        changed("id", to="0" * 16),
        changed("config", "seed", to=1),
        changed("config", "setting", "learning_rate", to=0.1),
        changed("config", "method", "strength", to=0.2),
        changed("zero_shot", to=math.nan),
        changed("collapsed", to="no"),
        changed("scores", "test", "de", "f1", to=math.nan),
        changed("scores", "test", "de", "f1", to="50"),
        changed("scores", "test", to=[]),
        changed("cost", "seconds", to=None),
        changed("provenance", to={}),
        changed("predictions", to="../../store.json"),
    ],
)
def test_a_broken_record_is_set_aside_and_made_again(store: Store, damage: Callable[[bytes], bytes]) -> None:
    file = file_of(store, "result.json")
    whole = file.read_bytes()
    broken = damage(whole)
    file.write_bytes(broken)
    standing = store.standing([CONFIG])
    assert not standing.finished
    assert not standing.outdated
    assert file.read_bytes() == broken  # reading writes nothing
    store.set_aside()
    assert not file.exists()
    assert file.with_name("result.json.broken-1").read_bytes() == broken
    (line,) = store.news()
    assert line.startswith(f"trials/{CONFIG.id}/result.json is broken (")
    assert line.endswith("): it is now result.json.broken-1")
    store.save(CONFIG, result())
    assert list(store.standing([CONFIG], files=True).finished) == [CONFIG.id]
    file.write_bytes(broken)
    store.standing([CONFIG])
    store.set_aside()
    assert file.with_name("result.json.broken-2").exists()


def test_what_the_disk_has_lost_is_broken_too(store: Store) -> None:
    file = file_of(store, "result.json")
    file.unlink()
    file.symlink_to(LOST)
    assert store.record(CONFIG.id) is None
    assert store.doubts == [f"trials/{CONFIG.id}/result.json is broken (Input/output error)"]
    store.save(CONFIG, result())
    assert file.with_name("result.json.broken-1").is_symlink()
    assert store.record(CONFIG.id) is not None


def test_what_another_process_has_mended_is_not_set_aside(store: Store) -> None:
    file = file_of(store, "result.json")
    whole = file.read_bytes()
    file.write_bytes(b"{")
    assert store.record(CONFIG.id) is None
    Store(store.place).save(CONFIG, result())
    store.set_aside()
    assert store.news() == []
    assert json.loads(file.read_bytes())["scores"] == json.loads(whole)["scores"]
    assert file.with_name("result.json.broken-1").read_bytes() == b"{"  # by the other, which found it too


def paths(value: Any, way: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key in value if isinstance(value, dict) else ():
        yield (*way, key)
        yield from paths(value[key], (*way, key))


def test_whatever_a_record_has_it_is_refused_or_can_be_reported(store: Store, study: Study) -> None:
    """Every value of it exchanged for others, or gone."""
    store.save_study(replace(study, methods=(CONFIG.method,), targets=("de",)), [CONFIG])
    file = file_of(store, "result.json")
    whole = json.loads(file.read_bytes())
    believed = 0
    for path in paths(whole):
        for value in (None, "x", -1, math.nan, True, [], {}, [1], {"x": 1}, ...):
            record = copy.deepcopy(whole)
            inner = record
            for key in path[:-1]:
                inner = inner[key]
            if value is ...:
                del inner[path[-1]]
            else:
                inner[path[-1]] = value
            file.write_text(json.dumps(record))
            found = load(store, "small")
            provenance.table(View(found))
            comparable([CONFIG], store, "none")
            believed += (found.trials["status"] == "finished").all()
    assert 0 < believed < 200


@pytest.mark.parametrize("name", ["failure.json", "stopped.json"])
@pytest.mark.parametrize("garbage", [b"", b"{", b"[]", b'{"id": 1, "error": 2, "traceback": [], "time": null, "config": 3}'])
def test_broken_reasons_are_set_aside(tmp_path: Path, name: str, garbage: bytes) -> None:
    store = Store(tmp_path / "store")
    store.save_failure(CONFIG, "ValueError: x", "trace")
    file = file_of(store, "failure.json").with_name(name)
    file.write_bytes(garbage)
    if name == "failure.json":
        assert not store.standing([CONFIG]).failures
        store.save_failure(CONFIG, "ValueError: y", "trace")
        assert store.failures([CONFIG.id])[CONFIG.id].error == "ValueError: y"
    else:
        assert store.stopped(CONFIG.id) is None
        store.save_stopped(CONFIG, {"study": "small"})
        assert (store.stopped(CONFIG.id) or {})["study"] == "small"
    assert file.with_name(f"{name}.broken-1").read_bytes() == garbage


@pytest.mark.parametrize("kind", ["predictions", "history"])
@pytest.mark.parametrize("damage", ["cut short", "garbage", "of another trial"])
def test_a_broken_table_is_found_when_it_is_read(store: Store, tmp_path: Path, kind: str, damage: str) -> None:
    file = file_of(store, f"{kind}-*.parquet")
    whole = file.read_bytes()
    if damage == "cut short":
        file.write_bytes(whole[:-10])
    elif damage == "garbage":
        file.write_bytes(os.urandom(len(whole)))
    else:
        other = Store(tmp_path / "other")
        other.save(CONFIG, result(60.0) if kind == "history" else replace(result(), scored=result().scored[:1]))
        file.write_bytes(file_of(other, f"{kind}-*.parquet").read_bytes())
    read = {"predictions": store.predictions, "history": store.history}[kind]
    with pytest.raises(ValueError, match="it is not what its name says"):
        read(CONFIG.id)
    assert list(store.standing([CONFIG], files=True).finished) == [CONFIG.id]  # its scores are what they were
    store.set_aside()
    assert file.with_name(f"{file.name}.broken-1").exists()
    assert list(store.standing([CONFIG]).finished) == [CONFIG.id]
    assert list(store.standing([CONFIG], files=True).outdated) == [CONFIG.id]
    store.save(CONFIG, result())
    assert file.read_bytes() == whole


def test_a_report_sets_broken_tables_aside_and_the_next_run_makes_them_again(
    study: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Store(tmp_path / "store")
    assert run(study, store)[0] == Outcome(2, 2, 0, 2)
    pulled = plan(study)[1].id
    history = file_of(store, "history-*.parquet", pulled)
    whole = history.read_bytes()
    history.write_bytes(whole[:100])
    assert cli.main(["report", "small", "--store", store.place]) == 0
    out = capsys.readouterr().out
    assert f"Set aside: trials/{pulled}/{history.name} is broken (it is not what its name says): it is now {history.name}.broken-1" in out
    outcome, out = run(study, store)
    assert outcome == Outcome(2, 2, 0, 1)
    assert "1 of them have a record that lacks languages or files" in out
    assert history.read_bytes() == whole
    assert run(study, store)[0].ran == 0


def test_a_result_that_would_not_be_believed_is_a_failure(one: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or the trial would run again for ever."""
    store = Store(tmp_path / "store")

    def of_no_number(config: TrialConfig, **rest: Any) -> TrialResult:
        made = run_trial(config, **rest)
        return replace(made, record={**made.record, "zero_shot": math.nan})

    monkeypatch.setattr("harness.trial.run_trial", of_no_number)
    outcome, out = run(one, store)
    assert outcome == Outcome(1, 0, 1, 1)
    assert "cannot be kept: zero_shot is no number" in out
    assert [file.name for file in files(store) if "/trials/" in str(file)] == ["failure.json"]


@pytest.mark.parametrize("garbage", [b"", b'{"study"', b"{}", b'{"study": [], "trials": 1}', b'{"study": {}, "trials": [3]}'])
def test_a_broken_study_is_written_anew(one: Study, tmp_path: Path, garbage: bytes) -> None:
    store = Store(tmp_path / "store")
    run(one, store)
    file = Path(store.root, "studies", "small.json")
    file.write_bytes(garbage)
    with pytest.raises(UserError, match=r"studies/small\.json in .* is not the store's; run the study again to write it anew"):
        store.study("small")
    outcome, out = run(one, Store(store.place))
    assert outcome == Outcome(1, 1, 0, 0)
    assert "Set aside: studies/small.json is broken (" in out
    assert file.with_name("small.json.broken-1").read_bytes() == garbage
    assert store.study("small")[0] == one
    assert store.studies() == ["small"]


@pytest.mark.parametrize("damage", ["torn", "lost", "gone"])
def test_a_store_without_its_layout_is_known_by_its_trials(store: Store, damage: str) -> None:
    file = Path(store.root, "store.json")
    if damage == "torn":
        file.write_bytes(b"\x00" * 14)
    else:
        file.unlink()
    if damage == "lost":
        file.symlink_to(LOST)
    assert Store(store.place, create=False).record(CONFIG.id) is not None
    again = Store(store.place)
    assert again.record(CONFIG.id) is not None
    assert json.loads(file.read_text()) == {"layout": LAYOUT}
    assert len(again.news()) == (damage != "gone")
    assert file.with_name("store.json.broken-1").is_symlink() == (damage == "lost")


@pytest.mark.parametrize("damage", ["cut short", "one bit", "garbage", "empty"])
def test_a_broken_diagonal_is_set_aside_and_computed_again(study: Study, tmp_path: Path, damage: str) -> None:
    (request,) = fishers.needed(plan(replace(study, methods=(Ewc(strength=1.0, languages=("de",), examples=2),))))
    values = {name: value.clone() for name, value in fisher.stored(request, tmp_path).items()}
    file = tmp_path / request.name
    whole = file.read_bytes()
    middle = len(whole) // 2
    broken = {
        "cut short": whole[:middle],
        "one bit": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
        "garbage": os.urandom(5000),
        "empty": b"",
    }[damage]
    file.write_bytes(broken)
    assert not fisher.is_stored(request, tmp_path)
    again = fisher.stored(request, tmp_path)
    assert all(torch.equal(again[name], values[name]) for name in values)
    assert fisher.is_stored(request, tmp_path)
    assert file.with_name(f"{file.name}.broken-1").read_bytes() == broken


@pytest.mark.parametrize("where", ["the store", "this node"])
def test_a_diagonal_that_a_node_got_torn_is_mended_where_it_is_broken(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setattr("pathlib.Path.home", lambda: tmp_path)
    store = Store(f"memory://torn-{where.replace(' ', '-')}")
    (request,) = fishers.needed(plan(replace(study, methods=(Ewc(strength=1.0, languages=("de",), examples=2),))))
    file = fishers.provide(request, store, 1)
    whole = file.read_bytes()
    if where == "the store":
        store.write(request.name, whole[:-9])
        (store.cache / request.name).unlink()
    else:
        (store.cache / request.name).write_bytes(whole[:-9])
        monkeypatch.setattr("harness.fisher.diagonal", None)  # it is got again, and not computed
    assert fishers.provide(request, store, 1) == file
    assert fisher.is_stored(request, store.cache)
    assert store.read(request.name) == file.read_bytes()
    assert store.exists(f"{request.name}.broken-1") == (where == "the store")


def test_a_fisher_command_says_what_it_set_aside(cut: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study_file = tmp_path / "mine.yaml"
    study_file.write_text(STUDY.format(cut=cut, steps=2, seeds=[0]), encoding="utf-8")
    command = ["fisher", str(study_file), "--store", str(tmp_path / "store"), "--local", "--examples", "2", "--text", "embedded"]
    assert cli.main(command) == 0
    (file, _) = sorted((tmp_path / "store" / "fisher").glob("*.safetensors"))
    torn = file.read_bytes()[:-1]
    file.unlink()  # it is mapped
    file.write_bytes(torn)
    capsys.readouterr()
    assert cli.main(command) == 0
    assert f"Set aside: fisher/{file.name}.broken-1 was broken, and was made again." in capsys.readouterr().out


def test_torn_inputs_are_set_aside_and_said(one: Study, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    run(one, store)
    before = scores(store, one)
    arrow = next(Path(store.root, "tokenised").glob("*/rows/*.arrow"))
    broken = arrow.read_bytes()[:1000]
    arrow.unlink()  # it is mapped
    arrow.write_bytes(broken)
    file_of(store, "result.json", plan(one)[0].id).unlink()
    encoding._encoded.cache_clear()  # as in a new process
    outcome, out = run(one, store)
    assert outcome == Outcome(1, 1, 0, 1)
    aside = arrow.parents[1].with_name(f"{arrow.parents[1].name}.broken-1")
    assert f"Set aside: tokenised/{aside.name} was broken, and was made again." in out
    assert (aside / "rows" / arrow.name).read_bytes() == broken
    assert scores(store, one) == before


@pytest.mark.slow
def test_torn_weights_are_set_aside(one: Study, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    run(one, store, keep_weights=True)
    folder = file_of(store, "weights-*", plan(one)[0].id)
    (folder / "model.safetensors").write_bytes(b"torn")
    run(replace(one, targets=("de", "hi")), store)
    assert (folder.with_name(f"{folder.name}.broken-1") / "model.safetensors").read_bytes() == b"torn"


# Full and read-only disks


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(folder)], capture_output=True)
    if made.returncode:
        pytest.skip("a file system can be mounted by the superuser alone")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path, leave: int) -> None:
    with (folder / "ballast").open("ab", buffering=0) as ballast:
        try:
            while True:
                ballast.write(b"x" * 4096)
        except OSError:
            ballast.truncate(ballast.tell() // 4096 * 4096 - leave)


@pytest.mark.parametrize("leave", [0, 2 * 4096])
def test_a_full_disk_stops_no_other_trial_and_leaves_nothing_half_written(
    study: Study, disk: Path, monkeypatch: pytest.MonkeyPatch, leave: int
) -> None:
    """With room for not even why a trial failed, and with room for no more than that."""
    store = Store(disk / "store")

    def filling(config: TrialConfig, **rest: Any) -> TrialResult:
        made = run_trial(config, **rest)
        fill(disk, leave)
        return made

    monkeypatch.setattr("harness.trial.run_trial", filling)
    outcome, out = run(study, store)
    assert outcome == Outcome(2, 0, 2, 2)
    assert out.count("No space left on device") >= 2
    assert not [file.name for file in files(store) if file.name.endswith(".part") or file.name == "result.json"]
    standing = store.standing(plan(study))
    assert not standing.finished
    assert bool(standing.failures) == (leave > 0)
    (disk / "ballast").unlink()
    monkeypatch.undo()
    assert run(study, store, retry_failed=True)[0] == Outcome(2, 2, 0, 2)
    assert store.doubts == []


def test_a_quota_that_is_reached_leaves_nothing_half_written(tmp_path: Path) -> None:
    """A limit on the size of files, which every user can have."""

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512))
        try:
            Store(tmp_path / "store").save(CONFIG, result())
        except UserError as error:
            os._exit(0 if "cannot be written: File too large" in str(error) else 3)
        os._exit(4)

    process = multiprocessing.get_context("fork").Process(target=limited)
    process.start()
    process.join()
    assert process.exitcode == 0
    store = Store(tmp_path / "store", create=False)
    assert store.record(CONFIG.id) is None
    assert not list(Path(store.root).rglob("*.part"))


STUDY = """
task: udpos
data: {cut}
methods: [vanilla]
settings: [{{learning_rate: 1e-3, max_steps: {steps}, batch_size: 4}}]
seeds: {seeds}
targets: [de]
"""


def test_a_read_only_store_gets_one_message_that_says_what_to_do(
    cut: Path, disk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.yaml"
    place = ["--store", str(disk / "store")]
    file.write_text(STUDY.format(cut=cut, steps=2, seeds=[0, 1]))
    assert cli.main(["run", str(file), "--local", "--no-report", *place]) == 0
    (broken, _) = sorted((disk / "store").glob("trials/*/result.json"))
    broken.write_bytes(b"{")
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    capsys.readouterr()
    for command, message in (
        (["run", str(file), "--local"], f"store: '{disk}/store' cannot be written: Read-only file system"),
        (["report", "mine"], f"--out: '{disk}/store/reports/mine' cannot be written: Read-only file system; give another folder"),
    ):
        assert cli.main([*command, *place]) == 2
        assert capsys.readouterr().err == f"steadytune: {message}\n"
    assert cli.main(["report", "mine", "--out", str(tmp_path / "report"), *place]) == 0
    note = f"Note: trials/{broken.parent.name}/result.json is broken (Expecting property name enclosed in double quotes"
    assert note in capsys.readouterr().out
    assert cli.main(["show", str(file), *place]) == 0
    assert "2 trials, 1 finished" in capsys.readouterr().out


def test_what_killed_writers_left_goes_once_none_can_be_at_it(one: Study, tmp_path: Path) -> None:
    """By the clock, which may have been wrong then, or now."""
    store = Store(tmp_path / "store")
    folders = [Path(store.root, name) for name in ("", "trials/" + plan(one)[0].id, "studies", "fisher", "tokenised")]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        for name, age in ((".old.part", FORGOTTEN), (".of-a-wrong-clock.part", -30 * FORGOTTEN), (".new.part", 0), (".ahead.part", -60)):
            (folder / name).write_bytes(b"half")
            os.utime(folder / name, times=(time.time() - 1.5 * age,) * 2)
    (folders[-1] / "0.part").mkdir()
    os.utime(folders[-1] / "0.part", times=(0, 0))
    run(one, store)
    assert sorted(file.name for file in files(store) if file.name.endswith(".part")) == sorted([".ahead.part", ".new.part"] * 5)
    assert not (folders[-1] / "0.part").exists()


# Several processes


LOGGED = """
import os
from pathlib import Path

from harness.tasks.udpos import Udpos


class Logged(Udpos):
    name = "logged"

    def collator(self, tokenizer):
        with Path(os.environ["LOG"]).open("a") as log:
            log.write(f"{os.getpid()}\\n")
        return super().collator(tokenizer)


TASK = Logged()
"""


@pytest.mark.slow
def test_two_drivers_on_one_store_run_every_trial_once(cut: Path, tmp_path: Path) -> None:
    (tmp_path / "logged.py").write_text(LOGGED)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "logged").symlink_to(cut / "udpos")
    file = tmp_path / "both.yaml"
    text = STUDY.format(cut=tmp_path / "data", steps=25, seeds=[0, 1, 2])
    file.write_text(text.replace("udpos", str(tmp_path / "logged.py")))

    def start(name: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "harness.cli", "run", str(file), "--local", "--no-report", "--store", str(tmp_path / name)]
        environment = {**os.environ, "LOG": str(tmp_path / f"{name}.log")}
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def outs(*processes: subprocess.Popen[str]) -> list[str]:
        return [process.communicate(timeout=300)[0] for process in processes]

    (alone,) = outs(start("alone"))
    together = outs(start("together"), start("together"))
    for out in (alone, *together):
        assert "[3 done, 0 running, 0 failed, 0 left]" in out
    logs = {name: (tmp_path / f"{name}.log").read_text().split() for name in ("alone", "together")}
    assert len(logs["alone"]) == len(logs["together"]) >= 3
    first, second = Store(tmp_path / "alone"), Store(tmp_path / "together")
    _, trials = first.study("both")
    assert len(second.standing(trials, files=True).finished) == 3
    for trial in trials:
        one, other = first.record(trial.id), second.record(trial.id)
        assert one is not None
        assert other is not None
        assert (one["scores"], one["predictions"], one["history"]) == (other["scores"], other["predictions"], other["history"])
    assert second.doubts == []


def write_for_ever(place: str) -> None:
    store = Store(place)
    for score in range(10**9):
        store.save(CONFIG, result(float(score)))


def test_a_writer_that_is_killed_at_any_moment_leaves_a_whole_record(store: Store) -> None:
    context = multiprocessing.get_context("fork")
    met = set()
    for milliseconds in range(40, 240, 10):
        process = context.Process(target=write_for_ever, args=(store.place,))
        process.start()
        time.sleep(milliseconds / 1000)
        process.kill()
        process.join()
        record = store.record(CONFIG.id)
        assert record is not None
        assert store.has_tables(record)
        assert len(store.predictions(CONFIG.id)) == 4
        assert store.history(CONFIG.id).to_pylist() == [{"step": 1, "loss": record["zero_shot"]}]
        met.add(record["zero_shot"])
    assert len(met) > 5
    assert store.doubts == []


def hold(place: str, pipe: Any) -> None:
    with Store(place).claim(CONFIG.id) as mine:
        pipe.send(mine)
        time.sleep(600)


def test_a_claim_is_one_process_s_and_goes_with_it(store: Store) -> None:
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    process = context.Process(target=hold, args=(store.place, there))
    process.start()
    assert here.recv()
    with store.claim(CONFIG.id, wait=False) as mine:
        assert not mine
    with store.claim("0" * 16, wait=False) as mine:
        assert mine
    assert attempts.attempt(CONFIG, store, 1, wait=False).taken
    process.kill()
    started = time.monotonic()
    with store.claim(CONFIG.id) as mine:
        assert mine
    assert time.monotonic() - started < 10
    process.join()


def test_what_another_process_has_left_meanwhile_is_the_result(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = attempts.attempt(CONFIG, store, 1)
    assert (ended.error, ended.source, ended.zero_shot) == ("", 50.0, 50.0)
    other = replace(CONFIG, seed=7)

    def fails_first(trial: str, **rest: Any) -> Any:
        store.save_failure(other, "ValueError: of the other", "trace")
        return Store.claim(store, trial, **rest)

    monkeypatch.setattr(store, "claim", fails_first)
    assert attempts.attempt(other, store, 1).error == "ValueError: of the other"


def test_where_nothing_can_be_locked_nobody_is_held_up(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(*given: Any) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr("fcntl.flock", unsupported)
    with store.claim(CONFIG.id) as mine:
        assert mine
        with store.claim(CONFIG.id) as also:
            assert also
    monkeypatch.undo()
    Path(store.root, "locks").rename(Path(store.root, "not-locks"))
    Path(store.root, "locks").touch()
    with store.claim(CONFIG.id) as mine:
        assert mine


# Time and place


def test_a_clock_that_jumps_changes_nothing(one: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steady = Store(tmp_path / "steady")
    run(one, steady)
    real, calls = time.time, iter(range(10**9))
    monkeypatch.setattr(time, "time", lambda: real() + (-1) ** next(calls) * 400 * FORGOTTEN)
    store = Store(tmp_path / "jumping")
    assert run(one, store)[0] == Outcome(1, 1, 0, 1)
    assert scores(store, one) == scores(steady, one)
    monkeypatch.undo()
    file = file_of(store, "result.json", plan(one)[0].id)
    file.write_bytes(changed("finished", to="2999-01-01T00:00:00+00:00")(file.read_bytes()))
    os.utime(file, times=(32_000_000_000, 32_000_000_000))
    assert run(one, store)[0] == Outcome(1, 1, 0, 0)
    assert load(store, "small").trials["status"].tolist() == ["finished"]


def test_a_store_that_moved_goes_on(one: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(one, Store(tmp_path / "store"))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "store").rename(tmp_path / "elsewhere" / "moved")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere" / "moved")
    monkeypatch.setattr("harness.trial.run_trial", None)  # whatever ran now would fail
    for place in ("elsewhere/moved", "link"):
        assert run(one, Store(tmp_path / place))[0] == Outcome(1, 1, 0, 0)
        assert load(Store(tmp_path / place, create=False), "small").trials["status"].tolist() == ["finished"]
    monkeypatch.undo()
    assert run(replace(one, seeds=(0, 1)), Store(tmp_path / "link"))[0] == Outcome(2, 2, 0, 1)


def test_trials_of_another_version_stay_and_are_not_taken_for_these(one: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "store")
    monkeypatch.setattr(study, "NUMERICS", study.NUMERICS - 1)
    old = plan(one)[0].id
    assert run(one, store)[0].ran == 1
    monkeypatch.undo()
    with pytest.raises(UserError, match="was run by another version of steadytune, which names its trials otherwise"):
        load(store, "small")
    assert run(one, store)[0] == Outcome(1, 1, 0, 1)
    assert sorted(store.ids()) == sorted([old, plan(one)[0].id])
    assert store.record(old) is not None
    assert store.doubts == []


def test_a_record_of_an_older_version_is_read(store: Store) -> None:
    file = file_of(store, "result.json")
    record = json.loads(file.read_bytes())
    for name in ("replicate", "task_code", "selected_on", "trim_vocabulary", "dev_data", "checkpoint"):
        del record["config"][name]
    for name in ("train_examples", "label_noise", "accumulation"):
        del record["config"]["setting"][name]
    for values in record["scores"]["test"].values():
        values.pop("unknown", None)
    del record["finished"]
    check(record, CONFIG.id)
    assert is_of(record, CONFIG)
    record["config"] |= {"newer": 1}
    record["config"]["setting"] |= {"newer": 1}
    assert is_of(record, CONFIG)
    file.write_text(json.dumps(record))
    assert list(store.standing([CONFIG], files=True).finished) == [CONFIG.id]


def test_every_new_name_is_on_the_disk_before_the_record_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A power cut may not take the folder of a trial whose files are all there."""
    synced: list[str] = []
    real = os.fsync

    def recorded(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", recorded)
    store = Store(tmp_path / "deep" / "store")
    store.save(CONFIG, result())
    monkeypatch.undo()
    root = Path(store.root)
    last = max(number for number, path in enumerate(synced) if path.startswith(str(root / "trials" / CONFIG.id / ".result.json.")))
    for folder in (root.parent.parent, root.parent, root, root / "trials", root / "trials" / CONFIG.id):
        assert str(folder) in synced[:last], folder
    for kind in ("predictions", "history"):
        assert any(path.startswith(str(root / "trials" / CONFIG.id / f".{kind}-")) for path in synced[:last])
    assert str(root / "trials" / CONFIG.id) in synced[last:]
