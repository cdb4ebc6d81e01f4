"""What every report is made of: one self-contained HTML page, with its tables and figures as files beside it."""

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

from analysis.rendering.style import STYLE
from analysis.rendering.table import Table
from harness.common.errors import UserError, reason
from harness.store.store import Store


@dataclass(frozen=True)
class Written:
    """Where a report lies, and its summary for the terminal."""

    html: Path
    summary: str


def default_folder(store: Store | None, name: str) -> Path:
    """``reports/<name>`` in the store, or ``steadytune-reports/<name>`` in the working directory where there is none or
    it is no folder."""
    return (
        Path(store.root) / "reports" / name
        if store is not None and store.is_local
        else Path("steadytune-reports") / name
    )


DECIMALS = re.compile(rb"([1-9]\d*\.\d\d)\d+")
"""Digits beyond a hundredth of a point, in a coordinate: a page needs none, and they are a third of a figure."""
MAX_NAME = 60
"""Letters of a file's name, of up to four bytes each, that any file system takes."""
CONTENTS = ".contents"
"""Lists what a report wrote, so that the next one takes away what it no longer has, and nothing else."""


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """An empty folder to make a report in, whose files then replace those of the older report in ``folder``.

    They are moved file by file: what fails in the making leaves the older report, and files that are not its own stay.
    Raises ``UserError`` where the folder cannot be written.
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
    """What the report that lies in a folder wrote there; nothing beyond the folder, whatever the list says."""
    try:
        listed = (folder / CONTENTS).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return set()
    return {Path(name) for name in listed if _is_in(folder, name)}


def _is_in(folder: Path, name: str) -> bool:
    """Whether a name is that of a file below a folder, links followed."""
    try:
        return (folder / name).is_file() and (folder / name).resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError):  # too long, a null byte
        return False


def write_tables(folder: Path, tables: Iterable[Table]) -> dict[str, str]:
    """Write ``tables/*.csv|md|tex``, none over another: names of methods may come to the same, and too long for a
    file. Returns the files' names without their endings, by ``Table.key``."""
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
    """Write ``figures/*.svg|png`` of some figures with their names, one after the other; returns the SVG of each in
    Base64, by its name."""
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
    """A template of this package as HTML."""
    loader = FunctionLoader(
        lambda name: resources.files("analysis.rendering").joinpath("templates", name).read_text(encoding="utf-8")
    )
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template(template).render(**values)


def for_terminal(table: Table) -> str:
    """A table with its title and notes."""
    return "\n".join([table.title, "", table.plain(), "", *table.notes])


def _laid_out(figure: Figure) -> Bbox:
    """Lays a figure out once for all of its files, which takes longer than to draw it; returns what it takes up, in
    inches."""
    with mpl.rc_context(STYLE):
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        return figure.get_tightbbox().padded(mpl.rcParams["savefig.pad_inches"])


def _image(figure: Figure, kind: str, frame: Bbox) -> bytes:
    sink = BytesIO()
    metadata = {"Date": None} if kind == "svg" else None
    with mpl.rc_context(STYLE):
        figure.savefig(sink, format=kind, dpi=160, metadata=metadata, bbox_inches=frame)
    return sink.getvalue()
