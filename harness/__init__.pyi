from pathlib import Path

from harness.python_run import Outcome as Outcome
from harness.python_run import run as run
from harness.python_tune import trainable as trainable
from harness.study import Arm as Arm
from harness.study import Setting as Setting
from harness.study import Study as Study

ROOT: Path
__all__ = ["Arm", "Outcome", "Setting", "Study", "run", "trainable"]
