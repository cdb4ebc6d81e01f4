"""Text and tables for pdflatex, whatever characters a name has."""

# Written by hand: pylatexenc has nothing for Chinese letters or ș, and escapes neither "--" nor a row's first "[".

import math
import re
import textwrap
import unicodedata
from collections.abc import Iterator, Sequence

from tabulate import tabulate

PACKAGES = "% \\usepackage[T1]{fontenc}\n% \\usepackage{array,booktabs,graphicx,longtable,pdflscape}"
"""First lines of every file: the packages that it needs. Every LaTeX distribution has them."""
SIZES = {r"\normalsize": 11.0, r"\small": 10.0, r"\footnotesize": 9.2, r"\scriptsize": 8.4}
"""Effective letter sizes in an article of 11 points, used to choose a size.

Small letters are broader than their height suggests.
"""
LINE, SIDEWAYS = 455.0, 690.0
"""Length in points of a line across A4 with margins of 2.5 cm, and slightly less than a line along it."""
GAP = 8.0
"""Points between two columns, fewer than LaTeX's default."""
HEAD, CELL = 16, 20.0
"""Characters after which a header continues on the next line, and ems after which a cell does."""
LINES = 35
"""Number of lines on a page."""
BREAK = r"\\"
APART = "\0"
"""A mark that keeps two hyphens from becoming a dash."""

_MATHS = dict(
    zip(
        "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ±×÷·√≤≥≠≈→←∞ℓ∈∑",
        "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi "
        "psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega pm times div cdot surd le ge ne approx "
        "rightarrow leftarrow infty ell in sum".split(),
        strict=True,
    )
)
_TEXT = {
    **{c: f"\\{c}" for c in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "\\": r"\textbackslash{}",
    # Written by name or number: the plain characters are other letters in LaTeX's oldest encoding, or babel's commands.
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\char34{}",
    "`": r"\textasciigrave{}",
    "–": "--",
    "—": "---",
    "−": "$-$",
    "…": r"\dots{}",
    "‘": "`",
    "’": "'",
    "“": "``",
    "”": "''",
    "•": r"\textbullet{}",
    "§": r"\S{}",
    "†": r"\dag{}",
    "°": r"$^\circ$",
    "²": "$^2$",
    "³": "$^3$",
    "µ": r"$\mu$",
    "\N{NO-BREAK SPACE}": "~",
    "\N{THIN SPACE}": r"\,",
    "\N{NARROW NO-BREAK SPACE}": r"\,",
    **{c: f"$\\{name}$" for c, name in _MATHS.items()},
    APART: "{}",
}
KNOWN = frozenset(map(chr, (*range(0x20, 0x7F), *range(0xC0, 0x180)))) - {*"×÷ĦħĸĿŀŉŦŧſ"} | {*"ȘșȚț¡¿«»"}
"""Letters of the encoding T1 that LaTeX reads as UTF-8."""
NARROW, WIDE = frozenset("ijl.,:;!'|[]"), frozenset("mMwW%@+<>±−×→—")


class _Letters(dict[int, str]):
    """LaTeX text for a character, by its number."""

    def __missing__(self, number: int) -> str:
        letter = chr(number)
        if letter in KNOWN:
            return letter
        if unicodedata.category(letter) in ("Cc", "Cf", "Cs"):
            return ""  # invisible characters
        plain = unicodedata.normalize("NFKC", letter)
        if plain != letter:
            return plain.translate(self)
        # xelatex and lualatex find the letter in a font
        return rf"\ifdefined\Umathcode\symbol{{{number}}}\else\texttt{{[U+{number:04X}]}}\fi{{}}"


_LETTERS = _Letters({ord(letter): text for letter, text in _TEXT.items()})


def escaped(text: str) -> str:
    """Text that LaTeX prints unchanged, on one line.

    pdflatex prints a letter that it lacks as its number, such as ``[U+4E2D]``.
    """
    text = re.sub(r"[ \t\r\n\f\v\0]+", " ", unicodedata.normalize("NFC", text))
    text = re.sub(r"-(?=-)", f"-{APART}", text)
    # LaTeX would read a bracket or star at the start of a row as an option of the line before.
    return re.sub(r"^[\[*]", r"{\g<0>}", text.translate(_LETTERS))


def maths(text: str, *, bold: bool = False) -> str:
    """Numbers as a formula, with signs, powers of ten and per cent, and a gap before an interval.

    With ``bold`` the first number is bold.
    """
    signs = text.replace("±", r"\pm").replace("×", r"\times ").replace(" %", r"\,\%").replace(" [", r"\;[")
    powers = re.sub(r"e\+?(-?)0*(\d+)", r" \\cdot 10^{\1\2}", signs)
    shown = re.sub(r"^[^ ]+", r"\\mathbf{\g<0>}", powers) if bold else powers
    return f"${shown}$"


def remark(text: str) -> str:
    """Words after a formula, with decimals and the number of runs as formulas."""
    return re.sub(r"n=\d+|-?\d+\.\d+", r"$\g<0>$", text)


def table(
    title: str,
    notes: Sequence[str],
    header: Sequence[str],
    plain: Sequence[Sequence[str]],
    cells: Sequence[Sequence[str]],
    footer: int = 0,
) -> str:
    """A floating table, or a table over several pages if it is long.

    ``plain`` holds the cells' texts, ``cells`` the same in LaTeX (rows × columns). A rule separates the last ``footer``
    rows, if there are any. A wider table has smaller letters. If these would be too small, the table is turned on its
    side. If it is still too wide, it becomes several tables, each with the first column. A floating table shrinks to
    the line's width if the line is shorter than assumed.
    """
    heads = [textwrap.wrap(head, HEAD, break_long_words=False) or [""] for head in header]
    ems = [max(map(_ems, column)) for column in zip(*plain, strict=True)] if plain else [0.0] * len(heads)
    widths = [max(min(column, CELL), *map(_ems, lines)) for column, lines in zip(ems, heads, strict=True)]
    written = [PACKAGES]
    parts = list(_parts(widths))
    for number, part in enumerate(parts, 1):
        name = title if len(parts) == 1 else f"{title} ({number} of {len(parts)})"
        caption = rf"\caption[{{{escaped(name)}}}]{{{' '.join(escaped(text) for text in (f'{name}.', *notes))}}}"
        size, sideways = _size([widths[i] for i in part])
        look = rf"{{{size}\tabcolsep={GAP / 2:g}pt"
        columns = "".join("l" if ems[i] <= CELL else rf">{{\raggedright\arraybackslash}}p{{{CELL:g}em}}" for i in part)
        stacked = [[escaped(line) for line in heads[i]] for i in part]
        names = [lines[0] if len(lines) == 1 else rf"\shortstack[l]{{{BREAK.join(lines)}}}" for lines in stacked]
        shown = [[row[i] if ems[i] <= CELL else _breakable(row[i]) for i in part] for row in cells]
        _, _, head, _, *body, _, _ = tabulate(shown, names, tablefmt="latex_raw", disable_numparse=True).splitlines()
        if 0 < footer < len(body):
            body.insert(len(body) - footer, r"\midrule")
        top = [r"\toprule", head, r"\midrule"]
        if sum(math.ceil(max(_ems(row[i]) / CELL for i in part)) for row in plain) > LINES:
            rows = [caption + BREAK, *top, r"\endfirsthead", *top, r"\endhead", *body, r"\bottomrule"]
            made = [
                look,
                r"\LTcapwidth=\linewidth",
                rf"\begin{{longtable}}{{{columns}}}",
                *rows,
                r"\end{longtable}",
                "}",
            ]
        else:
            tabular = [rf"\begin{{tabular}}{{{columns}}}", *top, *body, r"\bottomrule", r"\end{tabular}%"]
            fitted = [r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%", *tabular, "}"]
            made = [r"\begin{table}", r"\centering", look, *fitted, r"\par}", caption, r"\end{table}"]
        written += [r"\begin{landscape}", *made, r"\end{landscape}"] if sideways else made
    return "\n".join(written) + "\n"


def _breakable(text: str) -> str:
    """Text in which paths and the like may continue on the next line."""
    return re.sub(r"(/|\\_|,|=)(?=\S)", r"\1\\allowbreak{}", text)


def _ems(text: str) -> float:
    """Estimated width of a text in ems, rather too large than too small."""
    return sum(map(_em, text))


def _em(letter: str) -> float:
    if letter not in KNOWN and letter not in _TEXT:
        return 4.5  # shown as the letter's number
    return (
        0.28
        if letter in NARROW
        else 0.85
        if letter in WIDE
        else 0.76
        if letter.isupper()
        else 0.37
        if letter in " ()frst-/"
        else 0.51
    )


def _wide(widths: Sequence[float], size: str) -> float:
    return SIZES[size] * sum(widths) + GAP * len(widths)


def _size(widths: Sequence[float]) -> tuple[str, bool]:
    """The largest letter size that fits, and whether the table is then turned on its side."""
    upright = [(size, False) for size in SIZES if _wide(widths, size) <= LINE]
    sideways = [(size, True) for size in (r"\footnotesize", r"\scriptsize") if _wide(widths, size) <= SIDEWAYS]
    return [*upright, *sideways, (r"\scriptsize", True)][0]


def _parts(widths: Sequence[float]) -> Iterator[list[int]]:
    """The columns of each table: all of them, or as many as fit beside the first."""
    part = [0]
    for column in range(1, len(widths)):
        if len(part) > 1 and _wide([widths[i] for i in [*part, column]], r"\scriptsize") > SIDEWAYS:
            yield part
            part = [0]
        part.append(column)
    yield part
