"""Options of a Fisher diagonal's estimate, shared by a method and the command line. Imports neither torch nor Ray."""

from dataclasses import dataclass

from harness.common import fields
from harness.common.errors import bad

ESTIMATORS = ("empirical", "sampled")
MAX_EXAMPLES = 10**6
"""Largest accepted number of text windows; anything above is treated as a typo that would read a whole Wikipedia."""

TEXT_COLUMN = "text"
"""Default column with the text of a table."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """One Fisher diagonal of the masked-language-model loss at θ*."""

    languages: tuple[str, ...]
    """Languages of the text. Each gives an equal share of the examples."""
    text: str = "embedded"
    """Source of the unlabelled text, see ``harness.data.corpus``."""
    column: str = TEXT_COLUMN
    """Column with the text, where ``text`` is a path to tables."""
    examples: int = 200
    """Number of text windows, one gradient each, over which the diagonal is averaged."""
    estimator: str = "empirical"
    """Labels of the masked tokens.

    ``empirical`` takes the observed labels (Kirkpatrick et al., 2017, in practice). ``sampled`` draws them from the
    model, which is the definition of the Fisher information (Kunstner et al., 2019).
    """
    masking_seed: int = 0
    """Seed of the masks and of the sampled labels."""

    def __post_init__(self) -> None:
        fields.coerce(self)
        fields.languages("languages", self.languages)
        if not self.text:
            raise bad(
                "text",
                self.text,
                "'embedded', 'wikipedia', 'task', a task's name, a folder or a path with {language} in it",
            )
        if not self.column:
            raise bad("column", self.column, "the name of a column")
        fields.at_least("examples", self.examples, 1)
        fields.at_most("examples", self.examples, MAX_EXAMPLES)
        fields.at_least("examples", self.examples, len(self.languages))
        fields.choice("estimator", self.estimator, ESTIMATORS)
        fields.at_least("masking_seed", self.masking_seed, 0)

    @property
    def shares(self) -> dict[str, int]:
        """Number of examples from each language."""
        whole, rest = divmod(self.examples, len(self.languages))
        return {language: whole + (i < rest) for i, language in enumerate(self.languages)}
