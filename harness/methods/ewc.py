"""``ewc``: elastic weight consolidation with the Fisher information of a target language (Section 3.2, Eq. 2)."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from harness import fields
from harness.methods.base import Fisher, Method

if TYPE_CHECKING:
    from harness.penalty import Term


@dataclass(frozen=True, kw_only=True)
class Ewc(Method):
    """Total loss = task loss + λ/2 Σᵢ Fᵢ (θᵢ − θᵢ*)², F the Fisher diagonal of the masked-language-model loss on one language's text.

    As the paper runs it, one model is trained for each target language with that language's F and is scored on that language alone.
    F is not rescaled, so its λ has another scale than that of ``l2``.
    """

    name: ClassVar[str] = "ewc"
    places: ClassVar[tuple[str, ...]] = ("text",)

    strength: float
    """λ of Eq. 2, at least 0; 0 is vanilla."""
    languages: tuple[str, ...] = ()
    """Target languages to train a model for; empty for every target language of the study."""
    examples: int = 200
    """Text windows, one gradient each, that F is averaged over."""
    text: str = "embedded"
    """Where the unlabelled text is: ``embedded`` or a folder of ``XX.txt`` files, one passage a line."""

    def __post_init__(self) -> None:
        super().__post_init__()
        fields.at_least("strength", self.strength, 0)
        fields.at_least("examples", self.examples, 1)
        if self.languages:
            fields.languages("languages", self.languages)

    @property
    def arm(self) -> "Ewc":
        return replace(self, languages=())

    def expand(self, targets: tuple[str, ...]) -> list[tuple[Method, tuple[str, ...]]]:
        return [(replace(self, languages=(language,)), (language,)) for language in self.languages or targets]

    def texts(self) -> dict[str, str]:
        return dict.fromkeys(self.languages, self.text)

    def terms(self, fisher: Fisher) -> list["Term"]:
        from harness.penalty import Term

        return [Term(self.strength, fisher(language, self.examples)) for language in self.languages]
