"""Helpers that read a page or make a record, and the LaTeX commands that a report may use."""

from html.parser import HTMLParser
from typing import Any

from harness.study import TrialConfig
from harness.tasks import TASKS

COMMANDS = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi "
    "omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega pm times div cdot surd le ge ne approx "
    "rightarrow leftarrow infty ell in sum mathbf circ textasciitilde textasciicircum textbackslash textless "
    "textgreater textbar char textasciigrave dots textbullet S dag symbol texttt ifdefined Umathcode else fi toprule "
    "midrule bottomrule endfirsthead endhead begin end caption centering par raggedright arraybackslash shortstack "
    "resizebox ifdim width linewidth LTcapwidth tabcolsep normalsize small footnotesize scriptsize allowbreak "
    "usepackage"
).split()


class Tags(HTMLParser):
    """Every tag of a page with its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.all: list[tuple[str, dict[str, str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.all.append((tag, {name: value or "" for name, value in attrs}))

    def of(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.all if name == tag]


class Page(HTMLParser):
    """The links and the text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.text: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def record(trial: TrialConfig, metric: str, **extra: float) -> dict[str, Any]:
    """A finished trial's record with the same scores in every language."""
    scores = {metric: 50.0, "accuracy": 60.0, "majority": 20.0, "examples": 9}
    tests = {code: {**scores, **extra, "fingerprint": test} for code, test in trial.test_data.items()}
    packages = {"git": None, "python": "3", "platform": "p", "device": "cpu", "threads": 1, "packages": {"torch": "2"}}
    return {
        "id": trial.id,
        "config": trial.to_json(),
        "metric": metric,
        "scorer": TASKS[trial.task].scorer if trial.task in TASKS else "",
        "scores": {"dev": {trial.source: tests[trial.source]}, "test": tests},
        "zero_shot": 50.0,
        "collapsed": False,
        "diverged": False,
        "cost": {"seconds": 1.0, "steps": 1, "tokens_per_second": 1.0, "peak_memory_mib": {"resident": 1.0}},
        "provenance": packages,
    }


class Notes(HTMLParser):
    """The notes under the tables of a page, list by list, each list with the classes of all elements around it."""

    VOID = ("meta", "link", "img", "input", "br")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.lists: list[tuple[set[str], list[str]]] = []
        self._open: list[tuple[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.VOID:
            return
        kind = dict(attrs).get("class") or ""
        if (tag, kind) == ("ul", "notes"):
            self.lists.append(({name for _, names in self._open for name in names.split()}, []))
        if tag == "li" and self._open[-1] == ("ul", "notes"):
            self.lists[-1][1].append("")
        self._open.append((tag, kind))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1][0] == "li" and self._open[-2] == ("ul", "notes"):
            self.lists[-1][1][-1] += data
