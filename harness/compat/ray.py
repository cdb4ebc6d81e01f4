"""Settings of Ray that have no public name. Import this module before ``ray``: Ray reads its environment variables
once.

Tested with Ray 2.40 to 2.60.
"""

import os
from collections.abc import Collection

from harness.common import environment

# A worker comes here first, before torch: a cluster that a job has started has the job's variables.
environment.clear()

# Tune's own result files would be a second, weaker store; Ctrl-C is the command line's to handle.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")
os.environ.setdefault("TUNE_DISABLE_SIGINT_HANDLER", "1")
os.environ.setdefault("RAY_CHDIR_TO_TRIAL_DIR", "0")
os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")
os.environ.setdefault(
    "TUNE_GLOBAL_CHECKPOINT_S", "inf"
)  # of Tune's own state, which grows with the trials and is never restored

from ray._private import ray_constants
from ray.tune.execution import class_cache


def listen_on_this_machine_only() -> None:
    """Bind a Ray that is started from now on to the loopback address; by default it listens on every network."""
    ray_constants.ENABLE_RAY_CLUSTER = False


def keep_from_workers(variables: Collection[str]) -> None:
    """Stop Tune from copying these environment variables to workers, and so into Ray's logs, which everybody can
    read."""
    class_cache.ENV_VARS_TO_PROPAGATE -= set(variables)
