"""The command line's exit codes."""

OK, FAILED_TRIALS, USER_ERROR, INTERRUPTED, TERMINATED = 0, 1, 2, 130, 143
