"""Parts of every report: one self-contained HTML page, with its tables and figures as files beside it."""

import base64
import errno
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import resources
from io import BytesIO
from itertools import chain, count
from pathlib import Path
from typing import Any

import matplotlib as mpl
from jinja2 import Environment, FunctionLoader, StrictUndefined
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from analysis.rendering.bold import BOLD
from analysis.rendering.style import STYLE
from analysis.rendering.table import Table
from harness.common.console import filled
from harness.common.errors import UserError, reason
from harness.store.store import Store


@dataclass(frozen=True)
class Written:
    """Place of a report, and its summary for the terminal."""

    html: Path
    summary: str


def default_folder(store: Store | None, name: str) -> Path:
    """``reports/<name>`` in the store; without a local store ``steadytune-reports/<name>`` in the working directory."""
    return (
        Path(store.root) / "reports" / name
        if store is not None and store.is_local
        else Path("steadytune-reports") / name
    )


LAID_OUT = {**STYLE, "figure.constrained_layout.use": False}
"""The style for a figure whose layout is done. A layout engine would draw it once more for each file."""
DECIMALS = re.compile(rb"([1-9]\d*\.\d\d)\d+")
"""Digits of a coordinate beyond a hundredth of a point. A page does not need them, and they are a third of a figure."""
MAX_NAME = 60
"""Largest number of letters of a file's name before its number and ending. Every file system accepts 60 letters of up
to four bytes."""
CONTENTS = ".contents"
"""Name of the list of a report's files. The next report deletes only listed files that it no longer has."""


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """An empty folder for a new report, whose files then replace the older report's in ``folder``.

    Files are moved one by one at the end, so an earlier error leaves the older report. Other files in the folder stay.
    Raises ``UserError`` if the folder cannot be written.
    """
    try:
        if folder.exists() and not folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".report-") as scratch:
            yield Path(scratch)
            made = sorted(file.relative_to(scratch) for file in Path(scratch).rglob("*.*"))
            before = _contents(folder)
            (Path(scratch) / CONTENTS).write_text("".join(f"{file.as_posix()}\n" for file in made), encoding="utf-8")
            for file in [*made, Path(CONTENTS)]:
                target = folder / file
                target.parent.mkdir(parents=True, exist_ok=True)
                (Path(scratch) / file).replace(target)
            for file in before - {*made}:
                (folder / file).unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"--out: {str(folder)!r} cannot be written: {reason(error)}; give another folder") from None


def _contents(folder: Path) -> set[Path]:
    """The files that a folder's report lists and that still exist. Listed paths outside the folder are ignored."""
    try:
        listed = (folder / CONTENTS).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return set()
    return {Path(name) for name in listed if _is_in(folder, name)}


def _is_in(folder: Path, name: str) -> bool:
    """Whether a name is a file below a folder, after following links."""
    try:
        return (folder / name).is_file() and (folder / name).resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError):  # too long, a null byte
        return False


def write_tables(folder: Path, tables: Iterable[Table]) -> dict[str, str]:
    """Write ``tables/*.csv|md|tex``. Returns the files' names without endings, by ``Table.key``.

    Every table gets its own file name: the names of two tables may be the same, or too long for a file.
    """
    stems: dict[str, str] = {}
    (folder / "tables").mkdir()
    taken: set[str] = set()
    for table in tables:
        short = table.name[:MAX_NAME]
        name = next(name for name in chain([short], (f"{short}-{n}" for n in count(2))) if name.lower() not in taken)
        taken.add(name.lower())
        replace(table, name=name).write(folder / "tables")
        stems[table.key] = name
    return stems


def write_figures(folder: Path, figures: Iterable[tuple[str, Figure]]) -> dict[str, str]:
    """Write ``figures/*.svg|png`` of named figures. Returns the SVG of each in Base64, by name."""
    (folder / "figures").mkdir()
    found: dict[str, str] = {}
    for name, figure in figures:
        frame = _laid_out(figure)
        svg = _image(figure, "svg", frame)
        (folder / "figures" / f"{name}.svg").write_bytes(svg)
        (folder / "figures" / f"{name}.png").write_bytes(_image(figure, "png", frame))
        found[name] = base64.b64encode(DECIMALS.sub(rb"\1", svg)).decode()
    return found


def render(template: str, **values: Any) -> str:
    """A template of this package, rendered as HTML."""
    loader = FunctionLoader(
        lambda name: resources.files("analysis.rendering").joinpath("templates", name).read_text(encoding="utf-8")
    )
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template(template).render(**values)


def for_terminal(table: Table) -> str:
    """A table with its title and notes, no wider than the terminal."""
    notes = [line for note in table.notes if not note.startswith(BOLD) for line in filled(note, "  ")]
    return "\n".join([*filled(table.title), "", *table.for_terminal(), "", *notes])


def _laid_out(figure: Figure) -> Bbox:
    """Lay a figure out once for all its files, because layout takes longer than drawing.

    Returns the figure's area in inches.
    """
    with mpl.rc_context(STYLE):
        figure.draw_without_rendering()
        with mpl.rc_context(LAID_OUT):
            figure.set_layout_engine()
        return figure.get_tightbbox().padded(mpl.rcParams["savefig.pad_inches"])


def _image(figure: Figure, kind: str, frame: Bbox) -> bytes:
    sink = BytesIO()
    metadata = {"Date": None} if kind == "svg" else None
    with mpl.rc_context(LAID_OUT):
        figure.savefig(sink, format=kind, dpi=160, metadata=metadata, bbox_inches=frame)
    return sink.getvalue()
