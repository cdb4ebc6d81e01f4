"""A search on Ray Tune. Each method has its own search with its own sampler and rungs, one after another.

So no method profits from another method's trials. When an interrupted search resumes, the sampler and ASHA's rungs
receive the earlier trials through public methods. The sampler's random numbers start anew, from the seed and the number
of earlier draws. So an interruption changes the later draws. The order of parallel trials changes them too.
"""

import tempfile
from dataclasses import asdict, replace

from harness.execution.on_ray.cluster import Cluster, loss_of_node, ready

# isort: split
import ray
from ray import tune
from rich.console import Console

from harness.compat.ray import our_tuner
from harness.execution.on_ray.worker import code_of
from harness.execution.progress import Observer
from harness.execution.resources import Resources
from harness.store.store import Store
from harness.tuning.journal import Journal
from harness.tuning.journal_callback import JournalCallback
from harness.tuning.progress import SearchProgress
from harness.tuning.sampling import sampler, scheduler
from harness.tuning.worker import try_one


def search_on_ray(
    journal: Journal, store: Store, resources: Resources, console: Console, observer: Observer | None = None
) -> None:
    """Draw and run the rest of each method's budget."""
    bases = list(journal.bases.values())
    journal.save()  # before the first trial, as in any study
    with (
        ready(bases, store, resources, console) as cluster,
        SearchProgress(console, journal, observer) as progress,
    ):
        for label in journal.bases:
            if journal.left(label):
                spend_budget(label, journal, store, replace(resources, gpus=cluster.gpus), progress, cluster)


def spend_budget(
    label: str, journal: Journal, store: Store, resources: Resources, progress: SearchProgress, cluster: Cluster
) -> None:
    """Search until a method's budget is spent.

    If Ray kills a worker because the node is short of memory, Tune loses all running trials. The rest is then searched
    one trial at a time. A trial that is killed while trials run one at a time has failed.
    """
    at_once = trials_at_once(resources)
    while journal.left(label):
        callback = JournalCallback(journal, store, progress, resources.minutes)
        try:
            run_tuner(label, journal, callback, resources, at_once, cluster)
            return
        except RuntimeError as error:
            loss = loss_of_node(error)
            if not callback.open:  # no trial is at fault
                raise
            callback.lose_all(loss, alone=at_once == 1)
            at_once = 1


def run_tuner(
    label: str,
    journal: Journal,
    callback: JournalCallback,
    resources: Resources,
    at_once: int,
    cluster: Cluster,
) -> None:
    """Run Tune once, for the rest of a method's budget."""
    search, base = journal.search, journal.bases[label]
    fixed = {
        "trial": base.to_json(),
        "search": search.to_json(),
        "mode": journal.measure.mode,
        "store": cluster.place,
        "resources": asdict(resources),
    }
    worker = tune.with_parameters(try_one, code=code_of([base]))
    tuner = tune.Tuner(
        tune.with_resources(worker, {"cpu": resources.cores, "gpu": resources.gpus or 0}),
        param_space=fixed,
        tune_config=tune.TuneConfig(
            num_samples=journal.left(label),
            search_alg=sampler(journal, label),
            scheduler=scheduler(search, journal.of(label), journal.measure.mode),
            max_concurrent_trials=at_once,  # a setting drawn early would know fewer scores
            reuse_actors=True,
            trial_dirname_creator=lambda trial: trial.trial_id,
        ),
        run_config=tune.RunConfig(
            storage_path=tempfile.mkdtemp(dir=cluster.scratch),
            name="search",
            verbose=0,
            callbacks=[callback],
            failure_config=tune.FailureConfig(max_failures=1),  # for a lost worker, not for a trial that raises
        ),
    )
    with our_tuner():
        tuner.fit()


def trials_at_once(resources: Resources) -> int:
    """Number of trials that the cluster can run at once."""
    there = ray.cluster_resources()
    room = [there.get("CPU", 1) // resources.cores] + (
        [there.get("GPU", 0) // resources.gpus] if resources.gpus else []
    )
    return max(1, int(min(room)))
