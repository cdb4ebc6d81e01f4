"""The second of two processes in a series of trainings. It imports the libraries once for all trainings.

``python -m tests.helpers.replica FILE``: the file has the pickled config, cache and group's folder of each training.
"""

import pickle
import sys
from pathlib import Path

from harness.common.machine import arithmetic
from harness.data.context import TrialContext
from harness.study import TrialConfig
from harness.training.building import build_trainer
from harness.training.parallel.group import Group
from harness.training.trainer import PenaltyTrainer
from harness.training.trial import select_on_dev
from tests.helpers.training import Recorder


def trained(config: TrialConfig, cache: Path, group: Group | None) -> tuple[PenaltyTrainer, Recorder]:
    """The trainer after the training, and the gradients of its last step."""
    arithmetic.settle(1)
    context = TrialContext.of(config, cache)
    context.tokenise()
    trainer, last = build_trainer(context, group), Recorder()
    trainer.add_callback(last)
    select_on_dev(trainer, context, group)
    trainer.resume()
    return trainer, last


if __name__ == "__main__":
    for config, cache, folder in pickle.loads(Path(sys.argv[1]).read_bytes()):
        group = Group(folder, 1, 2)
        trained(TrialConfig.from_json(config), cache, group)
        group.abandon()
