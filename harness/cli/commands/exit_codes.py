"""The command line's exit codes. ``harness.common.machine.signals`` has those after a signal."""

OK, FAILED_TRIALS, USER_ERROR, INTERRUPTED = 0, 1, 2, 130
