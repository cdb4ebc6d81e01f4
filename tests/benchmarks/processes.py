"""Processes that benchmarks inspect."""

import psutil


def title(process: psutil.Process) -> str:
    """The command line of a process; empty if the process is gone."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
