"""Results by the name that a user gives: a finished study, or a table of results."""

from analysis.results import from_csv
from analysis.results.from_store import load
from analysis.results.view import View
from harness.common.errors import bad
from harness.store.store import Store


def opened(
    name: str,
    place: str,
    *,
    source: str | None = None,
    ddof: int = 1,
    published: bool = False,
    baseline: str | None = None,
) -> View:
    """A view of a study's results in a store, or of a table.

    Args:
        name: a study, or a file if it ends in ``.csv``, ``.tsv`` or ``.txt``, each optionally with ``.gz``.
        place: the store.
        source: language of a table's training data.
        ddof: ddof of every standard deviation.
        published: whether to show the paper's figures whatever the encoder.
        baseline: method that others are compared with. The default is vanilla, or the first method.

    Raises:
        UserError: there is no such store, study, file or method, or ``source`` is given for a study, which knows its
            own.
    """
    view = _view(name, place, source, ddof, published)
    return view if baseline is None else view.with_baseline(baseline)


def _view(name: str, place: str, source: str | None, ddof: int, published: bool) -> View:
    if from_csv.is_table(name):
        return View(from_csv.read(name, source=source), ddof, published=published)
    if source is not None:
        raise bad("--source", source, "it with a table of results alone: a study knows its own source")
    store = Store(place, create=False)
    if ".." in name.split("/"):
        raise bad("study", name, "the name of a study that was run: it is no path")
    return View(load(store, name), ddof, store, published=published)
