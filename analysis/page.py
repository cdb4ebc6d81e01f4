"""What every report is made of: one self-contained HTML page, with its tables and figures as files beside it."""

import base64
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
from jinja2 import Environment, FunctionLoader, StrictUndefined
from matplotlib.figure import Figure

from analysis.figures import STYLE
from analysis.table import Table
from harness.errors import UserError, reason
from harness.store import Store


@dataclass(frozen=True)
class Written:
    """Where a report lies, and its summary for the terminal."""

    html: Path
    summary: str


def default_folder(store: Store, name: str) -> Path:
    """``reports/<name>`` in the store, or ``steadytune-reports/<name>`` beside the working directory where the store is no folder."""
    return Path(store.root) / "reports" / name if store.is_local else Path("steadytune-reports") / name


@contextmanager
def replacing(folder: Path, *stale: str) -> Iterator[Path]:
    """An empty folder to make a report in, whose files then replace those of ``folder``.

    They are moved file by file: what fails in the making leaves the older report, and other files there stay. Those of the patterns
    ``stale``, which an older report may have had, go. Raises ``UserError`` where the folder cannot be written.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".report-") as scratch:
            yield Path(scratch)
            for pattern in stale:
                for file in folder.glob(pattern):
                    file.unlink()
            for file in sorted(Path(scratch).rglob("*.*")):
                target = folder / file.relative_to(scratch)
                target.parent.mkdir(parents=True, exist_ok=True)
                file.replace(target)
    except OSError as error:
        raise UserError(f"--out: {str(folder)!r} cannot be written: {reason(error)}") from None


def write_tables(folder: Path, tables: Iterable[Table]) -> None:
    """Write ``tables/*.csv|md|tex``."""
    (folder / "tables").mkdir()
    for table in tables:
        table.write(folder / "tables")


def write_figures(folder: Path, figures: Mapping[str, tuple[str, Figure]]) -> list[dict[str, str]]:
    """Write ``figures/*.svg|png`` of captions and figures by file name; returns what a page shows of each: name, caption and data."""
    (folder / "figures").mkdir()
    shown = []
    for name, (caption, figure) in figures.items():
        svg = _image(figure, "svg")
        (folder / "figures" / f"{name}.svg").write_bytes(svg)
        (folder / "figures" / f"{name}.png").write_bytes(_image(figure, "png"))
        shown.append({"name": name, "caption": caption, "data": base64.b64encode(svg).decode()})
    return shown


def render(template: str, **values: Any) -> str:
    """A template of this package as HTML."""
    loader = FunctionLoader(lambda name: resources.files("analysis").joinpath(name).read_text(encoding="utf-8"))
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template(template).render(**values)


def for_terminal(table: Table) -> str:
    """A table with its title and notes."""
    return "\n".join([table.title, "", table.plain(), "", *table.notes])


def _image(figure: Figure, kind: str) -> bytes:
    sink = BytesIO()
    with mpl.rc_context(STYLE):
        figure.savefig(sink, format=kind, dpi=160, metadata={"Date": None} if kind == "svg" else None, bbox_inches="tight")
    return sink.getvalue()
