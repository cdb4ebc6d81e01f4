"""A report in a browser: no violation of axe-core's rules, a complete printed page, and no content cut off at any
width."""

from pathlib import Path

import pytest

from analysis import report
from tests.helpers.browser import DARK, needs_chromium, told_by
from tests.helpers.report_rows import HOT, Rows, run, view

AXE = Path(__file__).parents[2] / "vendor" / "axe-core" / "axe.min.js"
pytestmark = needs_chromium


def collapsing() -> Rows:
    """Two methods at three rates; vanilla collapses at the highest."""
    rows: Rows = []
    for method, shift in (("vanilla", 0.0), ("l2(strength=1)", 2.0)):
        for rate in (1e-5, 2e-5, HOT):
            for seed in range(2):
                lost = method == "vanilla" and rate == HOT
                scores = {"en": 90.0, "de": 70.0 + seed + shift, "hi": 50.0 - 2 * seed + shift}
                scores = dict.fromkeys(scores, 5.0 + seed) if lost else scores
                rows += run(method, seed, scores, dev=80.0, learning_rate=rate, collapsed=str(lost).lower())
    return rows


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    seen = view(collapsing())
    return report.write(seen, tmp_path_factory.mktemp("page") / "out").html.read_text(encoding="utf-8")


@pytest.mark.parametrize("flags", [("--window-size=1300,1000",), ("--window-size=500,900", *DARK)])
def test_axe_finds_no_violation(page: str, flags: tuple[str, ...], tmp_path: Path) -> None:
    steps = """
      for (const details of document.querySelectorAll("details")) details.open = true;
      const { violations, passes } = await axe.run(document, { resultTypes: ["violations"] });
      return [violations.map((one) => [one.id, one.nodes.map((node) => node.html.slice(0, 200))]), passes.length];
    """
    whole = page.replace("</body>", f"<script>{AXE.read_text(encoding='utf-8')}</script></body>")
    violations, passes = told_by(whole, steps, tmp_path, *flags)
    assert violations == []
    assert passes > 20


def test_switch_filters_and_copy_buttons_work(page: str, tmp_path: Path) -> None:
    steps = """
      const shown = (one) => one.checkVisibility() && getComputedStyle(one).display !== "none";
      const seen = (selector) => [...document.querySelectorAll(selector)].filter(shown).length;
      const scores = "table[aria-label='Scores per language']";
      const count = () => [".runs svg", ".runs svg .run", ".verdict", scores + " thead th"].map(seen);
      const before = count();
      document.getElementById("surviving").click();
      const without = [...count(), seen(".with")];
      document.getElementById("surviving").click();
      const pick = (id, value) => {
        const one = document.getElementById(id);
        one.value = value;
        one.dispatchEvent(new Event("change"));
      };
      pick("only-method", "l2(strength=1)");
      const one = count();
      pick("only-method", "");
      pick("only-language", "hi");
      const rows = [...document.querySelectorAll(scores + " tr")].filter(shown);
      const languages = rows.map((row) => row.cells[0].textContent.trim());
      pick("only-language", "");
      let copied = "";
      Object.defineProperty(navigator, "clipboard", { value: { writeText: async (text) => { copied = text; } } });
      const copy = (kind) => { document.querySelector(`button[data-copy=${kind}]`).click(); return copied; };
      const latex = copy("latex"), markdown = copy("markdown");
      const box = document.querySelector(".runs .wide");
      box.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight" }));
      const named = document.querySelector(".tip:not([hidden])").textContent;
      return { before, without, one, languages, latex, markdown, named };
    """
    told = told_by(page, steps, tmp_path, "--window-size=1300,1000")
    assert told["before"][:3] == [1, 2 * (12 + 2), 1]
    assert told["without"][:3] == [1, 2 * (10 + 2), 1]
    assert told["without"][4] == 0
    assert told["one"] == [1, 2 * (6 + 1), 1, told["before"][3] - 1]  # without the column of vanilla
    assert told["languages"][:2] == ["language", "hi"]
    assert not {"en (source)", "de"} & {*told["languages"]}
    assert told["latex"].startswith("% \\usepackage")
    assert r"\begin{tabular}" in told["latex"]
    head, rule, *rows = told["markdown"].splitlines()
    assert head.startswith("| method | collapsed runs |")
    assert rule == "|" + " --- |" * head.count(" | ") + " --- |"
    assert [row.split(" | ")[0] for row in rows] == ["| vanilla (baseline)", "| l2(strength=1)"]
    assert told["named"].startswith("vanilla, learning_rate=1e-05, seed 0: zero-shot 60.00, en 90.00")


@pytest.mark.parametrize("width", [1400, 1300, 800, 500])
def test_no_content_is_cut_off(page: str, width: int, tmp_path: Path) -> None:
    """Wide content scrolls by itself: the page does not scroll, and no table's box hides its content."""
    steps = """
      for (const details of document.querySelectorAll("details")) details.open = true;
      const wide = [...document.querySelectorAll(".wide")].filter((box) => box.checkVisibility());
      const scrolls = (box) => /auto|scroll/.test(getComputedStyle(box).overflowX);
      const cut = wide.filter((box) => box.scrollWidth > box.clientWidth + 1 && !scrolls(box)).length;
      const free = [...document.querySelectorAll("table, img, svg, p, h2")].filter((one) => !one.closest(".wide"));
      const beyond = free.filter((one) => one.getBoundingClientRect().right > innerWidth + 1).length;
      const { scrollWidth, clientWidth } = document.documentElement;
      return [scrollWidth - clientWidth, cut, beyond, wide.length];
    """
    scrolled, cut, beyond, boxes = told_by(page, steps, tmp_path, f"--window-size={width},1000")
    assert (scrolled, cut, beyond) == (0, 0, 0)
    assert boxes > 15


def test_the_printed_page_is_complete(page: str, tmp_path: Path) -> None:
    steps = """
      dispatchEvent(new Event("beforeprint"));
      const closed = document.querySelectorAll("details:not([open])").length;
      dispatchEvent(new Event("afterprint"));
      return [closed, document.querySelectorAll("details:not([open])").length];
    """
    closed, after = told_by(page, steps, tmp_path)
    assert closed == 0
    assert after > 5
