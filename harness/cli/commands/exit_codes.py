"""What the command line's exit codes mean."""

OK, FAILED_TRIALS, USER_ERROR, INTERRUPTED = 0, 1, 2, 130
