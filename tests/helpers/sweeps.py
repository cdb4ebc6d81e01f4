"""Functions that run a study and read its scores."""

import io

from rich.console import Console

from harness.execution.plan import plan
from harness.execution.resources import Resources
from harness.execution.sweep import SweepOutcome, sweep
from harness.store.store import Store
from harness.study import Study

HERE = Resources(local=True)


def run(study: Study, store: Store, resources: Resources = HERE, **options: bool) -> tuple[SweepOutcome, str]:
    """Run the study, by default in this process, and return its outcome and output."""
    out = io.StringIO()
    outcome = sweep(study, plan(study), store, resources, Console(file=out, width=250), **options)
    return outcome, out.getvalue()


def scores(store: Store, study: Study) -> dict[str, object]:
    """The scores of every trial of the study; ``None`` without a record."""
    records = store.records(trial.id for trial in plan(study))
    return {trial.id: records[trial.id].scores if trial.id in records else None for trial in plan(study)}
