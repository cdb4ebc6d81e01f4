"""Parts of a method's label: ``ewc(target+en, strength=10)`` has the kind ``ewc``, λ 10 and the family
``ewc(target+en)``."""

import math
import re
from dataclasses import dataclass

LABEL = re.compile(r"(?P<kind>[\w-]+)(?:\((?P<options>.*)\))?")
COMPOSED = "composed"


@dataclass(frozen=True)
class MethodLabel:
    """The parts of a label as written by ``Method.label``; any other text is its own kind."""

    kind: str
    """The method's name; ``composed`` for a combination of methods."""
    strength: float
    """λ; NaN if the label has none."""
    family: str
    """The label without λ: methods of a family differ only in λ."""

    @property
    def variant(self) -> str:
        """The kind with its unnamed options, such as the languages of EWC's Fisher information: ``ewc(target+en)``.

        Named options, such as the origin of that information, are left out.
        """
        whose = [
            option for option in self.family.removeprefix(f"{self.kind}(").rstrip(")").split(", ") if "=" not in option
        ]
        return f"{self.kind}({', '.join(whose)})" if whose and self.family != self.kind else self.kind

    @classmethod
    def of(cls, label: str) -> "MethodLabel":
        """The parts of a label."""
        found = LABEL.fullmatch(label)
        if " + " in label and found is None:
            return cls(COMPOSED, math.nan, label)
        if found is None or found["options"] is None:
            return cls(found["kind"] if found else label, math.nan, label)
        if " + " in found["options"]:
            return cls(COMPOSED, math.nan, label)
        options = dict(option.partition("=")[::2] for option in found["options"].split(", "))
        try:
            strength = float(options.pop("strength", "nan"))
        except ValueError:
            return cls(found["kind"], math.nan, label)
        rest = ", ".join(f"{name}={value}" if value else name for name, value in options.items())
        return cls(found["kind"], strength, f"{found['kind']}({rest})" if rest else found["kind"])
