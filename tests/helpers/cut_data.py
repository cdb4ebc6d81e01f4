"""The first examples of the embedded data, and a tiny encoder."""

from pathlib import Path

from harness import embedded
from tests.helpers.encoders import tiny_encoder
from tests.helpers.studies import SCORED, TRAINED


def cut_into(folder: Path) -> None:
    """Write the first examples of the embedded data into a folder, and a tiny encoder into its folder ``encoder``."""
    tiny_encoder(folder / "encoder")
    for data, between in ((embedded.UDPOS, "\n\n"), (embedded.PAWSX, "\n")):
        (folder / data.name).mkdir()
        for file in data.glob("*.tsv"):
            examples = file.read_text(encoding="utf-8").split(between)
            kept = examples[: TRAINED if file.stem.startswith("train") else SCORED]
            (folder / data.name / file.name).write_text(between.join([*kept, ""]), encoding="utf-8")
