"""What others' files may hold and must not do: run code, read or remove what is not theirs, hang, or speak as a page of ours."""

import base64
import contextlib
import csv
import itertools
import json
import os
import pickle
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

import search_spaces
from analysis import table_file
from harness import cli, data, embedded, encoders, models
from harness.data import Origin
from harness.encoders import Encoder
from harness.errors import UserError, without_credentials
from harness.store import Store
from harness.study import Study
from tests import synthetic
from tests.test_latex import COMMANDS
from tests.test_page import Tags
from tests.test_store import result
from tests.test_study import CONFIG

PAIRED = "[" + ", ".join(["*{0}"] * 10) + "]"
LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(f"a{i}: &a{i} {PAIRED.format(f'a{i - 1}')}\n" for i in range(1, 10))
MERGES = "b0: &b0 {x: 1}\n" + "".join(f"b{i}: &b{i} {{<<: {PAIRED.format(f'b{i - 1}')}}}\n" for i in range(1, 10))


# What a study's file holds


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("!!python/object/apply:os.system ['true']", "could not determine a constructor"),
        ("a: !!python/name:os.system", "could not determine a constructor"),
        (LAUGHS, "it comes to more than 2000000 values"),
        (MERGES, "it comes to more than 2000000 values"),
        ("a: &a [*a]", "an alias stands for what it is in"),
        ("a: &a {b: *a}", "an alias stands for what it is in"),
        ("[" * 100_000, "it is nested too deeply"),
        ("{a: " * 100_000, "it is nested too deeply"),
        ("task: udpos\nname: a\ntask: xnli", "the key 'task' is given twice"),
        ("seeds: [!!int '']", "string index out of range"),
        ("question: !!timestamp x", "not readable as YAML"),
        ("a: " + "9" * 10_000, "not readable as YAML"),
    ],
)
def test_yaml_holds_plain_values_of_a_bounded_number(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(content, encoding="utf-8")
    start = time.monotonic()
    with pytest.raises(UserError, match=re.escape(message)) as told:
        search_spaces.load(str(file))
    assert time.monotonic() - start < 5
    assert len(str(told.value)) < 500


def test_an_absurdly_large_file_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.touch()
    os.truncate(file, 2**40)  # takes no disk: it has a hole
    with pytest.raises(UserError, match=r"a\.yaml: has 1099511627776 bytes; give a file of at most 10000000"):
        search_spaces.load(str(file))


# What an encoder's folder holds


class Touches:
    """Makes a file where it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> Any:
        return Path.touch, (self.file,)


@pytest.fixture
def encoder(tmp_path: Path) -> Path:
    """A copy of the shipped encoder."""
    return Path(shutil.copytree(embedded.ENCODER, tmp_path / "encoder"))


def tagger(encoder: Encoder) -> object:
    return models.pretrained(encoder, "udpos")


def tagger_outline(encoder: Encoder) -> object:
    return models.outline(encoder, "udpos")


LOADERS = (models.tokenizer, tagger, tagger_outline, models.masked_language_model, models.masked_language_model_outline)


@pytest.mark.parametrize("load", LOADERS[1:])
@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_that_runs_code_is_not_unpickled(encoder: Path, tmp_path: Path, load: Callable[[Encoder], object], zipped: bool) -> None:
    (encoder / "model.safetensors").unlink()
    evil = {"embeddings.word_embeddings.weight": Touches(tmp_path / "ran")}
    if zipped:
        torch.save(evil, encoder / "pytorch_model.bin")
    else:
        (encoder / "pytorch_model.bin").write_bytes(pickle.dumps(evil, protocol=2))
    with pytest.raises(UserError, match=r"such a file can run any code, and is not loaded\. Give an encoder with model\.safetensors"):
        load(encoders.find(str(encoder)))
    assert not (tmp_path / "ran").exists()
    with contextlib.suppress(RuntimeError):  # what of the old format it goes on to miss
        torch.load(encoder / "pytorch_model.bin", weights_only=False)
    assert (tmp_path / "ran").exists()  # it would have


def test_a_pickle_of_weights_alone_still_serves(encoder: Path) -> None:
    torch.save(load_file(encoder / "model.safetensors"), encoder / "pytorch_model.bin")
    (encoder / "model.safetensors").unlink()
    assert models.outline(encoders.find(str(encoder)), "udpos").anchor


AUTO = {
    "config.json": {"AutoConfig": "mine.C", "AutoModelForMaskedLM": "mine.M", "AutoModelForTokenClassification": "mine.M"},
    "tokenizer_config.json": {"AutoTokenizer": ["mine.T", "mine.T"]},
}


@pytest.mark.parametrize("kind", ["bert", "own", None])
def test_code_in_an_encoders_folder_is_never_run(encoder: Path, tmp_path: Path, kind: str | None) -> None:
    """Of a kind that ``transformers`` has it takes its own, whatever else a config names."""
    (encoder / "mine.py").write_text(
        f"open({str(tmp_path / 'ran')!r}, 'w')\nfrom transformers import BertConfig as C, BertModel as M\nT = M\n"
    )
    for name, auto in AUTO.items():
        config = json.loads((encoder / name).read_text())
        if name == "config.json":
            config["model_type"] = kind
        (encoder / name).write_text(json.dumps({k: v for k, v in config.items() if v is not None} | {"auto_map": auto}))
    found = encoders.find(str(encoder))
    for load in LOADERS[1:]:
        if kind == "bert":
            load(found)
        else:
            with pytest.raises(UserError, match=r"Python code of its own \(auto_map in a config\.json\), which steadytune never runs"):
                load(found)
    models.tokenizer(found)
    assert not (tmp_path / "ran").exists()


def test_a_script_beside_a_copy_of_the_hubs_data_is_not_run(tmp_path: Path) -> None:
    for name in ("xnli.py", "de/de.py", "de/test.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    with pytest.raises(UserError, match="has none of"):
        data.examples(Origin("xnli", str(tmp_path)), "test", "de")
    assert not (tmp_path / "ran").exists()


# What a store holds that somebody else made


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """With one finished trial."""
    found = Store(tmp_path / "store")
    found.save(CONFIG, result())
    return found


def crafted(store: Store, **changes: Any) -> Path:
    file = Path(store.root, "trials", CONFIG.id, "result.json")
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))
    return file


PLACES = [
    "../../precious",
    "/PRECIOUS",
    "..",
    ".",
    "/",
    "",
    "predictions-a.parquet/../../../../precious",
    "predictions-\0.parquet",
    "weights-a/..",
    ["/"],
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("key", ["predictions", "history", "weights"])
def test_what_a_record_names_is_beside_it_or_it_is_none(store: Store, tmp_path: Path, key: str, place: Any) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.tex").touch()
    crafted(store, **{key: place.replace("/PRECIOUS", str(precious)) if isinstance(place, str) else place})
    assert store.record(CONFIG.id) is None
    for read in (store.predictions, store.history):
        with pytest.raises(KeyError):
            read(CONFIG.id)
    with store.weights(CONFIG.id) as folder:
        assert folder is None
    store.save(CONFIG, result(60.0))
    assert (precious / "thesis.tex").exists()
    assert Path(store.root, "store.json").exists()
    assert (store.record(CONFIG.id) or {})["zero_shot"] == 60.0


def test_a_record_names_no_language_that_is_a_path(store: Store) -> None:
    """Languages of a record are scored again with those asked for: of each a file is read."""
    scores = result().record["scores"]
    crafted(store, scores={**scores, "test": {**scores["test"], "../../up": scores["test"]["de"]}})
    assert store.record(CONFIG.id) is None


def test_reporting_a_store_runs_none_of_its_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    made = synthetic.study(2, rates=2, seeds=2)
    synthetic.store(tmp_path / "steadytune-store", made)
    Path("steadytune-store", "task.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    file = Path("steadytune-store", "studies", "synthetic.json")
    whole = json.loads(file.read_text())
    for targets in ("all", whole["study"]["targets"]):
        file.write_text(json.dumps({**whole, "study": {**whole["study"], "task": "steadytune-store/task.py", "targets": targets}}))
        assert cli.main(["report", "synthetic"]) == (2 if targets == "all" else 0)
    assert not (tmp_path / "ran").exists()
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "name", ["../store", "/etc/passwd", "a/../../b", "a\0b", "x" * 5000, ".hidden", "-rf", "C:\\x", "a\\b", "con", "ａ", "a ", "", ".", "~"]
)
def test_no_study_is_called_by_a_path(study: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    if name != "con":  # reserved by Windows alone
        with pytest.raises(UserError, match=r"name: .* is not allowed; give letters, digits"):
            replace(study, name=name)
    Store(tmp_path / "store")
    before = sorted(tmp_path.rglob("*"))
    for command in (["report", f"./{name}" if name.startswith("-") else name], ["show", f"./{name}" if name.startswith("-") else name]):
        assert cli.main([*command, "--store", str(tmp_path / "store")]) == 2
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 2
    assert all(line.startswith("steadytune: ") for line in told)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("code", ["../x", "/x", "d\0", "De", "dé", "ｄe", "d" * 500, "", "-d", ".."])
def test_no_language_is_a_path(study: Study, code: str) -> None:
    with pytest.raises(UserError):
        replace(study, targets=(code,))
    with pytest.raises(UserError):
        replace(study, source=code)


def test_an_older_report_removes_nothing_but_its_own(tmp_path: Path) -> None:
    made = synthetic.study(2, rates=2, seeds=1)
    store = synthetic.store(tmp_path / "store", made, histories=False)
    out, precious = tmp_path / "out", tmp_path / "precious"
    out.mkdir()
    precious.mkdir()
    (precious / "thesis.tex").touch()
    (out / "link").symlink_to(precious)
    (out / "old.csv").touch()
    names = [precious / "thesis.tex", "../precious/thesis.tex", "link/thesis.tex", "a\0b", "x" * 5000, "..", "", "old.csv", "link"]
    (out / ".contents").write_text("\n".join(map(str, names)))
    assert cli.main(["report", made.name, "--store", store.root, "--out", str(out)]) == 0
    assert (precious / "thesis.tex").exists()
    assert not (out / "old.csv").exists()


# What a report shows


HOSTILE = (
    """</style></title></script><script>alert(1)</script><img src=x onerror=alert(1)>"'` """
    r"""\input{/etc/passwd} 100% a_b $x$ {{7*7}} ${x} #1 ^~"""
)
FORMULAS = ("=HYPERLINK(A1)", "+1+cmd|x", "-2+3", "@SUM(A1)", "\t=1+1", "'=1", "''@a", "-", "=")
NO_FILES = ("../../up", "/etc/up", "..", ".", "x" * 3000, "~/up", "C:\\up", "-rf", ".up", "a/../../up", "nul", "\u2024\u2024\u2215up")


def reported(folder: Path, names: Sequence[str], *out: str) -> Path:
    """The report of runs whose methods are these, and whatever else has a name by the first of them."""
    head = ["method", "seed", "language", "score", "status", "error", "study", "task", "encoder", "setting", "metric", "setting.<b>"]
    first = names[0]
    rows = [
        [method, str(seed), language, str(60 + seed + i), "finished", "", *[first] * 5, "1"]
        for i, method in enumerate(names) for seed in range(2) for language in ("en", "de", first)
    ]  # fmt: skip
    rows.append([first, "9", "de", "", "failed", *[first] * 6, "1"])
    folder.mkdir(parents=True)
    with (folder / "runs.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *rows])
    with contextlib.chdir(folder):
        assert cli.main(["report", "runs.csv", *out]) == 0
    return folder


def test_hostile_names_are_text_in_html_and_latex(tmp_path: Path) -> None:
    hostile, harmless = (
        reported(tmp_path / name, names, "--out", "out") / "out" for name, names in (("1", [HOSTILE, "b"]), ("2", ["a", "b"]))
    )
    html = (hostile / "report.html").read_text(encoding="utf-8")
    tags = Tags(html)
    assert {tag for tag, _ in tags.all} <= {tag for tag, _ in Tags((harmless / "report.html").read_text(encoding="utf-8")).all}
    assert [script.get("data-part") for script in tags.of("script")] == ["sort"]
    assert len(tags.of("style")) == len(tags.of("title")) == 1
    assert not [name for _, attributes in tags.all for name in attributes if name.startswith("on")]
    assert "{{7*7}}" in html
    for image in tags.of("img"):
        drawn = Tags(base64.b64decode(image["src"].removeprefix("data:image/svg+xml;base64,")).decode())
        assert not [tag for tag, _ in drawn.all if tag in ("script", "img", "foreignobject")]
    written = [file.read_text(encoding="utf-8") for file in (hostile / "tables").glob("*.tex")]
    assert any("input" in text for text in written)
    for text in written:
        assert {*re.findall(r"\\([A-Za-z]+)", text.replace(r"\\", " "))} <= {*COMMANDS}
        assert not re.search(r"(?<!\\)%(?! \\usepackage|$)", text, flags=re.MULTILINE)


@pytest.mark.slow
def test_hostile_names_make_no_file_elsewhere(tmp_path: Path) -> None:
    reported(tmp_path / "a" / "b" / "c", NO_FILES)
    for name in NO_FILES[1:3]:
        reported(tmp_path / "a" / "b" / str(len(name)), [name, "b"])
    made = {file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*") if file.is_file()}
    assert all(re.match(r"a/b/\w+/(runs\.csv$|steadytune-reports/\w)", name) for name in made), made


def test_no_cell_of_a_csv_is_a_formula(tmp_path: Path) -> None:
    out = reported(tmp_path / "in", FORMULAS, "--out", "out") / "out"
    for file in [*(out / "tables").glob("*.csv"), out / "results.csv"]:
        with file.open(encoding="utf-8", newline="") as read:
            for cell in itertools.chain.from_iterable(csv.reader(read)):
                assert not re.match(r"[=+@\t\r-]", cell) or re.fullmatch(r"[+-][\d.]+(e[+-]?\d+)?", cell), (file.name, cell)
    first = table_file.read(str(tmp_path / "in" / "runs.csv"))
    assert (
        table_file.read(str(out / "results.csv")).methods
        == first.methods
        == ["=HYPERLINK(A1)", "+1+cmd|x", "-2+3", "@SUM(A1)", "\t=1+1", "=1", "'@a", "-", "="]
    )


# What leaves this machine, or stays where others look


def listening() -> set[str]:
    """Addresses, in hex as the kernel has them, that this process and those it started listen at."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                children.setdefault(int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1]), []).append(int(folder.name))
    family = [os.getpid()]
    for process in family:
        family += children.get(process, [])
    sockets = {}
    for name in ("tcp", "tcp6"):
        for row in map(str.split, Path(f"/proc/net/{name}").read_text().splitlines()[1:]):
            if row[3] == "0A":
                sockets[f"socket:[{row[9]}]"] = row[1].partition(":")[0]
    found = set()
    for process in family:
        with contextlib.suppress(OSError):
            for file in Path(f"/proc/{process}/fd").iterdir():
                with contextlib.suppress(OSError):
                    found.add(sockets.get(str(file.readlink())))
    return {address for address in found if address}


LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}
"""127.0.0.1, the same in IPv6, and ::1."""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="needs Linux")
def test_a_ray_of_our_own_listens_on_this_machine_alone() -> None:
    import ray

    from harness.ray_tune import _ray

    with _ray(None):
        ray.get(ray.remote(lambda: None).remote())  # a worker too listens
        found = listening()
        assert ray.util.get_node_ip_address() in ("127.0.0.1", "::1")
    assert found
    assert found <= LOOPBACK


SECRETS = {"HF_TOKEN": "hf_kXqPzRt7Ww", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI7Ww", "WANDB_API_KEY": "0a1b2c3d4e5f7Ww"}
PASSWORD = "hunter2SWORDFISH"
TELLING = f"""
from harness.tasks.udpos import Udpos


class Telling(Udpos):
    name = "telling"

    def relabelled(self, rows, gold):
        raise OSError("https://somebody:{PASSWORD}@example.org/x cannot be reached")


TASK = Telling()
"""
ONE_FAILS = """
task: {folder}/telling.py
data: {folder}/data
methods: [vanilla, {{name: l2, strength: 0.01, settings: [{{learning_rate: 1e-3, max_steps: 2, label_noise: 0.1}}]}}]
settings: [{{learning_rate: 1e-3, max_steps: 2, batch_size: 8}}]
seeds: [0]
targets: [de]
"""


ONE = """
task: udpos
data: {cut}
methods: [vanilla]
settings: [{{learning_rate: 1e-3, max_steps: 2, batch_size: 8}}]
seeds: [0]
targets: [de]
"""


@pytest.mark.slow
def test_no_secret_is_in_anything_that_a_run_writes(
    cut: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "telling").symlink_to(cut / "udpos")
    (tmp_path / "telling.py").write_text(TELLING, encoding="utf-8")
    (tmp_path / "secret.yaml").write_text(ONE_FAILS.format(folder=tmp_path), encoding="utf-8")
    place = tmp_path / "store"
    assert cli.main(["run", str(tmp_path / "secret.yaml"), "--local", "--keep-weights", "--store", str(place)]) == 1
    _, trials = Store(place).study("secret")
    assert len(Store(place).records(trial.id for trial in trials)) == 1
    (failure,) = Store(place).failures(trial.id for trial in trials).values()
    assert failure.error == "OSError: https://***@example.org/x cannot be reached"
    assert "Traceback" in failure.traceback
    told = "".join(capfd.readouterr())
    for word in (*SECRETS.values(), PASSWORD):
        assert word not in told
        assert [file for file in place.rglob("*") if file.is_file() and word.encode() in file.read_bytes()] == []


@pytest.mark.slow
def test_no_secret_is_in_rays_logs(cut: Path, tmp_path: Path) -> None:
    """They lie where everybody on the machine can read them."""
    (tmp_path / "small.yaml").write_text(ONE.format(cut=cut), encoding="utf-8")
    command = [sys.executable, "-m", "harness.cli", "run", str(tmp_path / "small.yaml"), "--no-report", "--store", str(tmp_path / "store")]
    with tempfile.TemporaryDirectory(dir="/tmp") as place:  # the names of Ray's sockets must be short
        done = subprocess.run(command, env={**os.environ, **SECRETS, "RAY_TMPDIR": place}, capture_output=True, text=True, timeout=200)
        assert done.returncode == 0, done.stdout + done.stderr
        logs = [file.read_bytes() for file in Path(place).rglob("*") if file.is_file()]
    assert any(b"Creating runtime env" in log for log in logs)
    for word in SECRETS.values():
        assert not [log for log in logs if word.encode() in log]
        assert word not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://user:pass@host/x", "https://***@host/x"),
        ("s3://AKIA:se/cr+et=@bucket/a@b", "s3://***@bucket/a@b"),
        ("ftp://token@host, hdfs://u:p@h", "ftp://***@host, hdfs://***@h"),
        ("s3://bucket/run@3 a@b.c https://host:80/x", "s3://bucket/run@3 a@b.c https://host:80/x"),
    ],
)
def test_a_url_is_shown_without_its_password(text: str, shown: str) -> None:
    assert without_credentials(text) == shown


@pytest.mark.parametrize(
    "command", [["run", "quickstart", "--store", "URL"], ["show", "quickstart", "--set", "data=URL"], ["report", "x", "--store", "URL"]]
)
@pytest.mark.parametrize("url", [f"nonsense://key:{PASSWORD}@bucket/x", f"https://key:{'k' * 200}{PASSWORD}@127.0.0.1:9/x"])
def test_no_message_shows_a_password(command: list[str], url: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.main([url if word == "URL" else word.replace("URL", url) for word in command]) in (0, 2)
    told = "".join(capfd.readouterr())
    assert "***@" in told
    assert PASSWORD not in told
    assert "kkk" not in told
