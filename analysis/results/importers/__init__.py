"""Results that other programs wrote. An importer is one file and one line in ``IMPORTERS``.

An importer reads files as text, JSON or CSV. It never loads a pickle, and executes nothing.
"""

from pathlib import Path

from analysis.results.importers.runs import Importer
from harness.common.registry import Registry

IMPORTERS: Registry[Importer] = Registry(
    {
        "ray-tune": "analysis.results.importers.ray_tune:IMPORTER",
        "trainer": "analysis.results.importers.trainer:IMPORTER",
        "wandb": "analysis.results.importers.wandb:IMPORTER",
        "mlflow": "analysis.results.importers.mlflow:IMPORTER",
        "runs": "analysis.results.importers.run_table:IMPORTER",
    }
)
"""Importers by name. The first importer that recognises a path reads it."""


def find(path: Path) -> Importer | None:
    """The importer of a folder or file; ``None`` if no importer recognises it."""
    return next((one for one in IMPORTERS.values() if one.recognises(path)), None)
