"""A number of the first screen, with its verdict beside it."""

import math
from dataclasses import dataclass, field
from enum import Enum

from markupsafe import Markup

from analysis.rendering.cells import Interval


class Mark(Enum):
    """A verdict beside a number: a sign, and the words for it."""

    SHOWN = "●", "shown"
    EQUIVALENT = "≈", "equivalent"
    NOT_SHOWN = "○", "not shown"
    UNTESTED = "–", "not tested"

    @property
    def sign(self) -> str:
        return self.value[0]

    @property
    def words(self) -> str:
        return self.value[1]


@dataclass(frozen=True)
class Judged(Interval):
    """An estimate with its unit, its 95 % interval, if it has one, and a verdict on the difference."""

    unit: str = field(default="", kw_only=True)
    mark: Mark = field(default=Mark.UNTESTED, kw_only=True)

    @property
    def formula(self) -> str:
        if math.isnan(self.value):
            return ""
        return format(self.value, self.form) + self.unit + self._interval

    @property
    def remark(self) -> str:
        return f" ({self.mark.words})"

    def html(self) -> Markup:
        sign = Markup('<span class="mark {}" title="{}"><span aria-hidden="true">{}</span> {}</span>')
        shown = sign.format(self.mark.name.lower(), self.mark.words, self.mark.sign, self.mark.words)
        return Markup('<span class="figures">{}</span> {}').format(self.formula, shown)
