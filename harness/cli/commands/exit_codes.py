"""The command line's exit codes."""

OK, FAILED_TRIALS, USER_ERROR, INTERRUPTED = 0, 1, 2, 130
