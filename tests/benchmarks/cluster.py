"""A study on a simulated cluster: nodes on this machine, each with an accelerator that exists only in Ray's accounts.

    python -m tests.benchmarks.cluster [--trials 200] [--nodes 4] [--share 0.5] [--node-dies]

The trials are real and as short as possible. They run from the command line with ``--ray-address``, on a cluster made
by ``ray.cluster_utils``. Meanwhile the trials on each node are counted. All trials must finish, and each node's
most trials at once must equal its accelerator's shares; else the exit code is 1. ``--node-dies`` kills a node half way
and adds another.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

import psutil
from ray.cluster_utils import Cluster
from tabulate import tabulate

from harness.store.store import Store
from tests.benchmarks.processes import title

STUDY = """
task: udpos
data: {data}
methods: [vanilla, {{name: l2, strength: 0.01}}]
settings: {{design: grid, learning_rate: [1e-4, 1e-3], max_steps: 2, batch_size: 4}}
seeds: {seeds}
targets: [de]
precision: fp32
"""
SENTENCES = 20


def node(cpus: int, gpus: int) -> dict[str, object]:
    return {"num_cpus": cpus, "num_gpus": gpus, "object_store_memory": 80 * 2**20, "include_dashboard": False}


def busy(cluster: Cluster) -> dict[str, int]:
    """Number of running trials on each node, by node: the node's workers that are inside a call."""
    found = {}
    for number, one in enumerate(cluster.list_all_nodes()):
        if one.head:
            continue
        raylets = [info.process for infos in one.all_processes.values() for info in infos]
        workers = [child for raylet in raylets for child in children(raylet.pid) if "Trainable.train" in title(child)]
        found[f"node {number}"] = len(workers)
    return found


def children(process: int) -> list[psutil.Process]:
    try:
        return psutil.Process(process).children(recursive=True)
    except psutil.Error:
        return []


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--nodes", type=int, default=4)
    parser.add_argument(
        "--share", type=float, default=0.5, help="of an accelerator, for a trial (default: %(default)s)"
    )
    parser.add_argument("--node-dies", action="store_true")
    options = parser.parse_args()
    cluster = Cluster(initialize_head=True, head_node_args=node(0, 0))
    try:
        nodes = [cluster.add_node(**node(8, 1)) for _ in range(options.nodes)]
        cluster.wait_for_nodes()
        with tempfile.TemporaryDirectory() as scratch:
            return study(cluster, nodes, options, Path(scratch))
    finally:
        cluster.shutdown()


def study(cluster: Cluster, nodes: list[object], options: argparse.Namespace, scratch: Path) -> int:
    file, place = scratch / "cluster.yaml", scratch / "store"
    file.write_text(STUDY.format(data=data(scratch), seeds=list(range(options.trials // 4))), encoding="utf-8")
    command = ["run", str(file), "--no-report", "--store", str(place), "--ray-address", cluster.address]
    start = time.monotonic()
    process = subprocess.Popen([sys.executable, "-m", "harness.cli", *command, "--gpus-per-trial", str(options.share)])
    at_once: dict[str, Counter[int]] = defaultdict(Counter)
    while process.poll() is None:
        for name, count in busy(cluster).items():
            at_once[name][count] += 1
        if options.node_dies and len(list(place.glob("trials/*/result.json"))) >= options.trials // 2:
            cluster.remove_node(nodes[0], allow_graceful=False)
            cluster.add_node(**node(8, 1))
            options.node_dies = False
        time.sleep(0.2)
    seconds = time.monotonic() - start
    store = Store(place)
    _, trials = store.study("cluster")
    finished, failed = len(store.records(t.id for t in trials)), len(store.failures(t.id for t in trials))
    print(
        f"\n{len(trials)} trials on {options.nodes} nodes, exit {process.returncode}: {finished} finished, {failed} "
        f"failed; {seconds:.0f} s"
    )
    most = round(1 / options.share)
    rows = [
        [name, max(counts), sum(n * c for n, c in counts.items()) / counts.total()]
        for name, counts in sorted(at_once.items())
    ]
    print(
        tabulate(
            rows, headers=["", f"most trials at once (of {most})", "on average"], floatfmt=".2f", tablefmt="github"
        )
    )
    return 0 if finished == len(trials) and all(row[1] == most for row in rows) else 1


def data(scratch: Path) -> Path:
    """The embedded tagging data, cut short: a trial should be all overhead."""
    from harness import embedded

    folder = scratch / "data" / "udpos"
    folder.mkdir(parents=True)
    for file in embedded.UDPOS.glob("*.tsv"):
        sentences = file.read_text(encoding="utf-8").split("\n\n")[:SENTENCES]
        (folder / file.name).write_text("\n\n".join(sentences) + "\n\n", encoding="utf-8")
    return folder.parent


if __name__ == "__main__":
    sys.exit(main())
