"""Results by the name that a user gives: a study, a table of results, or another program's results."""

from collections.abc import Sequence

from analysis.results import from_csv
from analysis.results.frame import Results
from analysis.results.from_store import load
from analysis.results.importers import reading
from analysis.results.view import View
from harness.common import files
from harness.common.errors import UserError, bad
from harness.store.store import Store
from harness.study import NAME


def opened(
    name: str,
    place: str,
    *,
    source: str | None = None,
    ddof: int = 1,
    published: bool = False,
    baseline: str | None = None,
    maps: Sequence[str] = (),
) -> View:
    """A view of a study's results in a store, of a table, or of another program's results.

    Args:
        name: a study, a file or a folder. A file's name ends in ``.csv``, ``.tsv`` or ``.txt``, or in one of these and
            ``.gz``. If the store has a study with a folder's name, the study is meant.
        place: the store.
        source: language of the training data; only for results that are no study.
        ddof: ddof of every standard deviation.
        published: whether to show the paper's figures for any encoder.
        baseline: method that others are compared with. The default is vanilla, or the first method.
        maps: columns of another program's results, as in ``analysis.results.importers.column_map``.

    Raises:
        UserError: there is no such store, study, file or method. Or ``source`` or ``maps`` are given for a study.
    """
    results = _imported(name, place, source, maps)
    view = View(results, ddof, published=published) if results else _view(name, place, source, ddof, published)
    return view if baseline is None else view.with_baseline(baseline)


def _imported(name: str, place: str, source: str | None, maps: Sequence[str]) -> Results | None:
    """The results of another program in a folder or file; ``None`` if the name is a study's or a tidy table's."""
    if from_csv.is_table(name):
        path = reading.foreign_table(name, maps)
    else:
        folder = files.directory("study", name)
        path = folder if folder is not None and not _is_study(name, place) else None
        if path is None and maps:
            raise bad("--map", maps[0], f"it with results of another program: {name!r} is no folder of such results")
    return reading.read(path, maps, source=source) if path is not None else None


def _is_study(name: str, place: str) -> bool:
    """Whether a store has a study of that name."""
    try:
        return NAME.fullmatch(name) is not None and bool(Store(place, create=False).study(name))
    except UserError:
        return False


def _view(name: str, place: str, source: str | None, ddof: int, published: bool) -> View:
    if from_csv.is_table(name):
        return View(from_csv.read(name, source=source), ddof, published=published)
    if source is not None:
        raise bad("--source", source, "it with a table or another program's results: a study knows its own source")
    store = Store(place, create=False)
    if ".." in name.split("/"):
        raise bad("study", name, "the name of a study that was run: it is no path")
    return View(load(store, name), ddof, store, published=published)
