"""A setting, the start of a study file and trial ids, for designs and replicates."""

from harness.execution.plan import plan
from harness.setting import Setting
from harness.study import Study

CENTRE = Setting(learning_rate=1e-3, warmup_steps=6, max_steps=60, batch_size=16)


HEAD = """
task: udpos
methods: [vanilla, {name: l2, strength: 0.05, settings: {design: grid, learning_rate: [1e-3, 2e-3], max_steps: 60}}]
seeds: [0]
targets: [de]
"""


def ids(study: Study) -> list[str]:
    """The ids of a study's trials."""
    return [trial.id for trial in plan(study, gpus=0)]
