"""The text of a small study file for the command line."""

from pathlib import Path

STUDY = """
question: "?"
task: udpos
methods: [vanilla]
settings: [{learning_rate: 1e-3, max_steps: 2, batch_size: 4}]
seeds: [0]
targets: [de]
"""


def short_study(cut: Path) -> str:
    """The same study on the cut data and the tiny encoder, which takes less time."""
    return f"{STUDY}data: {cut}\nencoder: {cut}/encoder\n"
