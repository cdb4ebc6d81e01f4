"""Processes as benchmarks find them."""

import psutil


def title(process: psutil.Process) -> str:
    """What a process is called, by its command line; empty where it is gone."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
