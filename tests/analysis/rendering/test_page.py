"""The page itself: tables sort, text is escaped, and the page loads nothing from the network."""

import base64
import json
import math
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

from analysis import report
from analysis.rendering.cells import Change, Interval, Number, Score
from analysis.rendering.section import Picture, Section
from analysis.rendering.table import Shown, Table
from analysis.results.from_store import load
from analysis.results.view import View
from analysis.sections import SECTIONS, Entry, Question
from tests.helpers import synthetic
from tests.helpers.frames import ROWS, frames
from tests.helpers.pages import Notes, Tags

LOADING = ("src", "href", "srcset", "action", "data")
NASTY = """<i onclick=x>&"' onload="y"""


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The report of a small made-up study, with every section that applies to it."""
    place = tmp_path_factory.mktemp("page")
    store = synthetic.store(place / "store", synthetic.study(3, rates=3, seeds=2, methods=synthetic.METHODS[:3]))
    return report.write(View(load(store, "synthetic"), store=store), place / "out").html.read_text(encoding="utf-8")


def written(folder: Path, monkeypatch: pytest.MonkeyPatch, *sections: Section, **about: Any) -> str:
    """A page with these sections in front."""
    facts = [entry for entry in SECTIONS if entry.of_a_search and not entry.twin]
    shown = [Entry(lambda view, made=made: made, Question.MEAN) for made in sections]  # type: ignore[misc]
    monkeypatch.setattr(report, "SECTIONS", [*shown, *facts])
    results = frames(ROWS)
    results = replace(results, about=replace(results.about, **about))
    return report.write(View(results), folder / "out").html.read_text(encoding="utf-8")


def score(mean: float, std: float = 1.0) -> Score:
    return Score(mean, std, 4, 4)


SORTABLE = Table(
    "sortable",
    "Sortable",
    ["name", "score", "count", "lambda"],
    [
        ["b", score(10.2512), "9/10", Number(0.5, "g")],
        ["C", score(math.nan), "10/10", Number(math.nan)],
        ["a", score(10.2549), "1,000 (all)", Number(1e-5, "g")],
        ["", score(9.75), "–", Number(-3.0, "g")],
        ["zero-shot", score(99.0), "0/10", Number(7.0)],
    ],
    notes=["A note."],
    footer=1,
)


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium")
def test_tables_sort_by_number_and_footer_rows_stay_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = written(tmp_path, monkeypatch, Section("made", "Made", [SORTABLE]))
    steps = """
      const table = document.querySelector("table[aria-label=Sortable]"), seen = [];
      const heads = [...table.tHead.rows[0].cells];
      const look = () =>
        [[...table.rows].slice(1).map((row) => row.cells[1].dataset.sortValue), heads.map((head) => head.ariaSort)];
      for (const column of [1, 1, 1, 0, 0, 2, 3]) { heads[column].querySelector("button").click(); seen.push(look()); }
      const button = heads[0].querySelector("button");
      button.focus();
      const focused = document.activeElement === button && button.type === "button";
      dispatchEvent(new Event("beforeprint"));
      const printed = document.querySelectorAll("details:not([open])").length;
      dispatchEvent(new Event("afterprint"));
      const after = document.querySelectorAll("details[open]").length;
      const out = document.createElement("pre");
      out.id = "out";
      out.textContent = JSON.stringify({ seen, focused, printed, after });
      document.body.append(out);
    """
    file = tmp_path / "page.html"
    file.write_text(
        page.replace("</body>", f"<details></details><script data-part='test'>{steps}</script></body>"),
        encoding="utf-8",
    )
    flags = (
        "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-sync "
        "--enable-logging=stderr"
    )
    command = ["chromium", *flags.split(), f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", file.as_uri()]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert not re.findall(r".*CONSOLE.*", shown.stderr)
    found = re.search(r'<pre id="out">(.*?)</pre>', shown.stdout)
    assert found is not None
    told = json.loads(found[1])

    a, b, c, last = "10.2549", "10.2512", "", "99.0"  # a and b read the same; c has no score
    down, up = "descending", "ascending"
    assert told["seen"] == [
        [[a, b, "9.75", c, last], [None, down, None, None]],
        [["9.75", b, a, c, last], [None, up, None, None]],
        [[b, c, a, "9.75", last], [None, None, None, None]],  # the original order
        [[a, b, c, "9.75", last], [up, None, None, None]],
        [[c, b, a, "9.75", last], [down, None, None, None]],
        [[a, c, b, "9.75", last], [None, None, down, None]],  # 1,000, 10 of 10, 9 of 10, none
        [[b, a, "9.75", c, last], [None, None, None, down]],
    ]
    assert (told["focused"], told["printed"], told["after"]) == (True, 0, 0)


@pytest.mark.parametrize(
    ("cell", "order"),
    [
        ("1,000 (all)", "1000"),
        ("−3.5", "-3.5"),
        ("+2", "+2"),
        ("12/20", "12"),
        ("0.5 %", "0.5"),
        ("1e-05", "1e-05"),
        ("", ""),
        ("–", ""),
        ("de", None),
        ("0, 1", None),
        ("3 of 4", None),
        ("12ab", None),
        (Score(1 / 3, 1.0, 2, 2), repr(1 / 3)),
        (Change(-12.5, 3), "-12.5"),
        (Interval(0.25, 0.1, 0.4), "0.25"),
        (Number(math.nan), ""),
        (Number(math.inf), ""),
    ],
)
def test_a_cell_sorts_by_its_first_number(cell: Any, order: str | None) -> None:
    assert Shown.of(cell).order == order


def test_text_is_escaped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = Table("nasty", NASTY, [NASTY, "error"], [[NASTY, f"{NASTY} {'long ' * 20}"]], [NASTY])
    picture = Picture("nasty-figure", lambda: Figure(figsize=(1, 1)), NASTY, NASTY)
    sections = [Section("made", NASTY, [NASTY, table, picture]), Section("next", "Next", [table])]
    codes = (*frames(ROWS).about.targets, NASTY)
    page = written(
        tmp_path,
        monkeypatch,
        *sections,
        name=NASTY,
        question=NASTY,
        task=NASTY,
        encoder=NASTY,
        data=NASTY,
        targets=codes,
    )
    tags = Tags(page)
    assert not tags.of("i")
    assert not [name for _, attributes in tags.all for name in attributes if name.startswith("on")]
    assert [script.get("data-part") for script in tags.of("script")] == ["page"]
    (image,) = [image for image in tags.of("img") if image["alt"] == NASTY]
    assert {table["aria-label"] for table in tags.of("table")} >= {NASTY}
    assert image["src"].startswith("data:image/svg+xml;base64,")
    assert page.count("&lt;i onclick=x&gt;") >= 16


def test_the_page_loads_nothing_from_the_network(html: str) -> None:
    tags = Tags(html)
    loaded = [
        value for tag, attributes in tags.all if tag != "a" for name, value in attributes.items() if name in LOADING
    ]
    assert all(link.startswith("data:") for link in loaded)
    followed = [link["href"] for link in tags.of("a")]
    assert all(re.match(r"#|https://|(tables|figures)/|results\.csv$|answer\.json$", link) for link in followed)
    without = re.sub(r'<a href="https://[^"]*"|xmlns="http://www.w3.org/2000/svg"', "", html)
    assert not re.search(r"@import|url\(|https?://", without)
    (policy,) = [meta["content"] for meta in tags.of("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none';")
    for image in tags.of("img"):
        drawn = base64.b64decode(image["src"].partition(",")[2]).decode()
        assert all(link.startswith(("#", "data:")) for link in re.findall(r'href="([^"]*)"', drawn))


def test_every_figure_has_a_description(html: str) -> None:
    alts = [image["alt"] for image in Tags(html).of("img")]
    assert len(alts) >= 4
    assert len(set(alts)) == len(alts)
    assert min(map(len, alts)) >= 60
    for kind, numbers in (("Strip plot", 2), ("Scatter plot", 4), ("Heat maps", 2), ("Line plots", 2)):
        (alt,) = [alt for alt in alts if alt.startswith(kind)]
        assert len(re.findall(r"\d", alt)) >= numbers  # the values too, not only the kind of picture


def test_the_contents_lead_to_every_section(html: str) -> None:
    tags = Tags(html)
    anchors = [attributes["id"] for _, attributes in tags.all if "id" in attributes]
    assert len(set(anchors)) == len(anchors)
    listed = [link["href"].removeprefix("#") for link in tags.of("a")]
    listed = [name for name in listed if not name.startswith("https:") and "/" not in name and "." not in name]
    headings = [heading["id"] for level in ("h2", "h3") for heading in tags.of(level) if "id" in heading]
    assert len(headings) > 12
    assert set(listed) <= set(anchors)
    assert set(headings) <= set(listed)


def test_a_row_that_stays_last_is_in_the_table_footer(html: str) -> None:
    table, *_ = re.findall(r'<table aria-label="Scores per language">.*?</table>', html, flags=re.DOTALL)
    body, foot = (re.search(rf"<{part}>(.*?)</{part}>", table, flags=re.DOTALL) for part in ("tbody", "tfoot"))
    assert body is not None
    assert foot is not None
    first = r'<th scope="row">([^<]*)</th>'
    assert re.findall(first, body[1]) == ["en (source)", "af", "ar", "az"]
    assert re.findall(first, foot[1]) == ["zero-shot", "mean of the languages&#39; stds"]
    assert html.count("<tbody>") == html.count("</tbody>")
    assert html.count("<tfoot>") == html.count("</tfoot>")


def test_the_answer_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = written(tmp_path, monkeypatch, Section("summary", "Summary", [SORTABLE]))
    assert "answer-in-full" not in page
    answer = Section("answer", "Answer", ["It does.", SORTABLE])
    page = written(tmp_path, monkeypatch, answer, Section("summary", "Summary", [SORTABLE]))
    places = [
        page.index(words)
        for words in ("<h1>", '<section class="answer"', "answer-in-full", "It does.", 'class="facts"', 'id="summary"')
    ]
    assert places == sorted(places)
    assert 'href="#answer"' not in page


def test_a_page_reloads_while_its_study_runs(tmp_path: Path, html: str) -> None:
    running = report.write(View(frames(ROWS)), tmp_path / "out", refresh=30).html.read_text(encoding="utf-8")
    for page, expected in ((html, []), (running, ["30"])):
        assert [meta["content"] for meta in Tags(page).of("meta") if meta.get("http-equiv") == "refresh"] == expected
        assert ("loads itself again every 30 seconds" in page) == bool(expected)


def test_notes_are_few_and_occur_once_before_the_folded_sections(html: str) -> None:
    lists = Notes(html).lists
    assert len(lists) > 10
    assert max(len(notes) for _, notes in lists) <= 3
    said = [note for around, notes in lists if not around & {"more", "without"} for note in notes]
    assert len(said) > 5
    assert len(set(said)) == len(said)


def test_column_heads_link_to_definitions_that_files_have_too(html: str) -> None:
    tags = Tags(html)
    meant = {link["href"].removeprefix("#") for link in tags.of("a") if link.get("class") == "term"}
    assert {"term-Holm-s-correction", "term-minimum-detectable-ratio", "term-swap-test"} <= meant
    assert meant <= {attributes.get("id") for _, attributes in tags.all}
    table = Table("t", "T", ["method", "l2, p, Holm"], [["a", "1"]], ["A note."], terms={"Holm": "Holm's correction"})
    term = table.term("l2, p, Holm")
    assert term is not None
    assert table.term("method") is None
    for text in (table.markdown(), table.latex()):
        assert "A note." in text
        assert "p corrected for the number of methods" in text
    assert term.meaning in table.captions[1]
