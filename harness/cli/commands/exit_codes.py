"""The command line's exit codes. Exit codes after a signal are in ``harness.common.machine.signals``."""

OK, FAILED_TRIALS, USER_ERROR, INTERRUPTED = 0, 1, 2, 130
