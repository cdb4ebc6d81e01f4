"""Checks of this machine for ``steadytune doctor``. The checks of torch, Ray and the hub have time limits."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from urllib.request import Request, urlopen

from harness.common.errors import reason_and_file, without_credentials
from harness.common.locks import claimed
from harness.common.machine.cores import cores
from harness.common.machine.threads import room_for_threads

OK, NOTE, FAILS = "ok", "note", "FAILS"
NETWORK_LIMIT, RAY_LIMIT, TORCH_LIMIT = 5.0, 60.0, 60.0
"""Seconds after which the check of the hub, of Ray and of torch is given up."""
LITTLE_DISK, LITTLE_MEMORY = 5 * 10**9, 2 * 10**8
"""Bytes of free disk and shared memory below which a study may stop."""
TORCH = """
import json, torch
from harness.compat.torch import has_fast_bf16
there = torch.cuda.is_available()
names = [torch.cuda.get_device_name(n) for n in range(torch.cuda.device_count())] if there else []
bf16 = torch.cuda.is_bf16_supported(including_emulation=False) if there else has_fast_bf16()
print(json.dumps([names, bf16, torch.version.cuda]))
"""
CLASS = re.compile(r"^[\w.]*Error: ")
"""The error's class in the last line of another process's traceback."""
RAY = """
import json
from harness.cluster.connection import connection
import ray
with connection(None):
    print(json.dumps(ray.cluster_resources()))
"""


@dataclass(frozen=True)
class Finding:
    """The result of one check."""

    name: str
    status: str
    """``ok``, ``note`` for a limit that affects only some studies, or ``FAILS``."""
    found: str
    advice: str = ""
    """The remedy; empty if none is needed."""


def findings(store: str, *, ray: bool = True) -> Iterator[Finding]:
    """The findings, in the order in which they are shown. ``store`` is the place of a store, which need not exist."""
    hub, torch = _started(_hub), _started(lambda: _asked(TORCH, TORCH_LIMIT))
    cluster = _started(lambda: _asked(RAY, RAY_LIMIT)) if ray else None
    yield from _versions()
    yield from _torch(torch)
    yield Finding("CPU cores", OK, str(cores()))
    if cluster is not None:
        yield _ray(cluster)
        yield _shared_memory(Path("/dev/shm"))
        yield _threads()
    yield _ports()
    yield from _store(store)
    yield _hub_finding(hub)


def _versions() -> Iterator[Finding]:
    from packaging.requirements import Requirement

    try:
        needed = [Requirement(line) for line in requires("steadytune") or ()]
    except PackageNotFoundError:
        yield Finding("versions", NOTE, "steadytune is not installed", "Run: pip install .")
        return
    wrong = []
    for one in needed:
        if one.marker is not None and not one.marker.evaluate({"extra": ""}):
            continue
        try:
            there = version(one.name)
        except PackageNotFoundError:
            wrong.append(f"{one.name} is missing")
            continue
        if not one.specifier.contains(there, prereleases=True):
            wrong.append(f"{one.name} {there} is not {one.specifier}")
    if wrong:
        yield Finding("versions", FAILS, "; ".join(wrong), "Run: pip install . (it installs tested versions)")
    else:
        yield Finding("versions", OK, ", ".join(f"{name} {version(name)}" for name in ("torch", "transformers", "ray")))


def _torch(torch: "Future[str]") -> Iterator[Finding]:
    try:
        names, bf16, cuda = json.loads(torch.result(TORCH_LIMIT))
    except Exception as error:
        yield Finding("torch", FAILS, _said(error), "Reinstall torch for this machine: pytorch.org/get-started")
        return
    if names:
        kinds = ", ".join(f"{names.count(name)} {name}" for name in dict.fromkeys(names))
        yield Finding("GPU, torch", OK, kinds)
        advice = "" if bf16 else "Nothing to do: precision auto is fp16 here."
        yield Finding("bf16", OK if bf16 else NOTE, "yes" if bf16 else "not by this GPU", advice)
        return
    there = shutil.which("nvidia-smi") is not None or Path("/proc/driver/nvidia/gpus").is_dir()
    if there and cuda is None:
        advice = "Install torch with CUDA: pytorch.org/get-started. Or give --gpus-per-trial 0."
        yield Finding("GPU, torch", FAILS, "there is an NVIDIA driver, but torch has no CUDA", advice)
    elif there:
        advice = "See nvidia-smi and CUDA_VISIBLE_DEVICES: driver, job or container may hide the GPU."
        yield Finding("GPU, torch", FAILS, f"there is an NVIDIA driver, but torch (CUDA {cuda}) sees no GPU", advice)
    else:
        yield Finding("GPU, torch", NOTE, "none; trials run on CPU cores", "Nothing to do for small encoders.")
    found = "yes, by this processor" if bf16 else "not by this processor; precision auto is fp32"
    yield Finding("bf16", OK if bf16 else NOTE, found)


def _ray(cluster: "Future[str]") -> Finding:
    try:
        there = json.loads(cluster.result(RAY_LIMIT))
    except Exception as error:
        said, advice = _said(error), "Give --local to run without Ray, or set RAY_TMPDIR to a short path."
        if "not ready" in said or "no answer" in said or "timed out" in said:
            advice = f"{_load()}Try again when the machine is idle. {advice}"
        return Finding("Ray", FAILS, said, advice)
    return Finding("Ray", OK, f"starts, and sees {there.get('CPU', 0):g} cores and {there.get('GPU', 0):g} GPUs")


def _shared_memory(folder: Path) -> Finding:
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        return Finding(
            "shared memory", NOTE, f"{folder} cannot be written", "Nothing to do: Ray uses its temporary folder."
        )
    free = shutil.disk_usage(folder).free
    if free < LITTLE_MEMORY:
        advice = f"{LITTLE_MEMORY // 10**6} MB must be free: docker run --shm-size=1g; or give --local."
        return Finding("shared memory", FAILS, f"{free / 1e6:.0f} MB are free in {folder}", advice)
    return Finding("shared memory", OK, f"{free / 1e9:.1f} GB free in {folder}")


def _threads() -> Finding:
    room = room_for_threads()
    if room is not None and room < 170 + 30 * cores():
        return Finding(
            "threads", FAILS, f"this user may start {room} more", "Raise the limit (ulimit -u), or give --local."
        )
    return Finding("threads", OK, "no limit" if room is None else f"this user may start {room:,} more")


def _ports() -> Finding:
    try:
        with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname(), 2):
            return Finding("ports", OK, "processes of this machine reach each other")
    except OSError as error:
        advice = "Allow connections to 127.0.0.1 in the firewall or sandbox, or give --local."
        return Finding("ports", FAILS, f"127.0.0.1 cannot be reached: {reason_and_file(error)}", advice)


def _store(place: str) -> Iterator[Finding]:
    name = f"store {without_credentials(place)}"
    if "://" in place:
        yield Finding(name, NOTE, "a store by URL has no locks", "Start only one command at a time on this store.")
        return
    there = next(one for one in (Path(place).resolve(), *Path(place).resolve().parents) if one.is_dir())
    try:
        with tempfile.TemporaryDirectory(prefix=".doctor-", dir=there) as folder:
            file = Path(folder, "lock")
            with claimed(file) as _, claimed(file, wait=False) as twice:
                locks = not twice
    except OSError as error:
        yield Finding(name, FAILS, reason_and_file(error), "Give --store a folder with write permission.")
        return
    free = shutil.disk_usage(there).free
    little = free < LITTLE_DISK
    yield Finding(
        name,
        NOTE if little else OK,
        f"{free / 1e9:,.1f} GB free",
        "Free some space; --dry-run shows a study's disk use." if little else "",
    )
    advice = "" if locks else "Start only one command at a time on this store."
    yield Finding("store locks", OK if locks else NOTE, "work" if locks else "the file system has no locks", advice)


def _hub() -> str:
    with urlopen(Request(_endpoint(), method="HEAD"), timeout=NETWORK_LIMIT):
        return ""


def _endpoint() -> str:
    return os.environ.get("HF_ENDPOINT", "https://huggingface.co")


def _hub_finding(hub: "Future[str]") -> Finding:
    advice = "Give folders as encoder and data, or download both beforehand."
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}:
        return Finding("hub", NOTE, "offline (HF_HUB_OFFLINE): earlier downloads only", advice)
    try:
        hub.result(NETWORK_LIMIT)
    except Exception as error:
        return Finding("hub", NOTE, f"{without_credentials(_endpoint())}: {_said(error)}", advice)
    return Finding("hub", OK, f"{without_credentials(_endpoint())} answers")


def _asked(code: str, limit: float) -> str:
    """The last line that Python code prints in its own process. At the time limit the process and its children end."""
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    try:
        out, err = process.communicate(timeout=limit)
    except BaseException:
        os.killpg(process.pid, 9)
        raise
    if process.returncode:
        raise RuntimeError((err.strip() or f"exit code {process.returncode}").splitlines()[-1])
    return out.strip().splitlines()[-1]


def _said(error: Exception) -> str:
    if isinstance(error, TimeoutError | subprocess.TimeoutExpired):
        return "no answer in time"
    return CLASS.sub("", reason_and_file(error))  # the message may be a line of another process's traceback


def _load() -> str:
    """A sentence on other programs' use of this machine, if they use it fully."""
    load, there = os.getloadavg()[0], cores()
    return f"The machine is busy (load {load:.0f} on {there} cores). " if load > there else ""


def _started(action: Callable[[], str]) -> "Future[str]":
    """The result of an action in a daemon thread, so that a hanging action does not delay the exit."""
    done: Future[str] = Future()

    def act() -> None:
        try:
            done.set_result(action())
        except Exception as error:
            done.set_exception(error)

    threading.Thread(target=act, daemon=True, name="doctor").start()
    return done
