"""What a Fisher diagonal is estimated from: the options that a method and the command line share. Imports neither torch
nor Ray."""

from dataclasses import dataclass

from harness.common import fields
from harness.common.errors import bad

ESTIMATORS = ("empirical", "sampled")
MAX_EXAMPLES = 10**6
"""Text windows beyond which a number of them is a slip, that would read a whole Wikipedia to its end."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """One Fisher diagonal of the masked-language-model loss at θ*."""

    languages: tuple[str, ...]
    """Languages of the text; of several, each gives an equal share of the examples."""
    text: str = "embedded"
    """Where the unlabelled text is, see ``harness.data.corpus``."""
    examples: int = 200
    """Text windows, one gradient each, that the diagonal is averaged over."""
    estimator: str = "empirical"
    """Labels of the masked tokens: those ``empirical``ly observed (Kirkpatrick et al., 2017, in practice), or
    ``sampled`` from the model, which is the Fisher information by its definition (Kunstner et al., 2019)."""
    masking_seed: int = 0
    """Of the masks and of the sampled labels."""

    def __post_init__(self) -> None:
        fields.coerce(self)
        fields.languages("languages", self.languages)
        if not self.text:
            raise bad("text", self.text, "'embedded', 'wikipedia', 'task', a task's name or a directory")
        fields.at_least("examples", self.examples, 1)
        fields.at_most("examples", self.examples, MAX_EXAMPLES)
        fields.at_least("examples", self.examples, len(self.languages))
        fields.choice("estimator", self.estimator, ESTIMATORS)
        fields.at_least("masking_seed", self.masking_seed, 0)

    @property
    def shares(self) -> dict[str, int]:
        """Examples from each language."""
        whole, rest = divmod(self.examples, len(self.languages))
        return {language: whole + (i < rest) for i, language in enumerate(self.languages)}
