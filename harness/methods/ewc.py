"""``ewc``: elastic weight consolidation with the Fisher information of a target language.

See Section 3.2 and Eq. 2; the variants are in Appendix F.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from harness.common import fields
from harness.common.errors import UserError, bad, unknown
from harness.methods.base import Method
from harness.methods.fisher_estimate import TEXT_COLUMN, Estimate
from harness.setting import Setting

if TYPE_CHECKING:
    from torch import Tensor

    from harness.methods.penalty import Term


@dataclass(frozen=True, kw_only=True)
class Ewc(Method):
    """Total loss = task loss + λ/2 Σᵢ Fᵢ (θᵢ − θᵢ*)², with F from one language's text.

    F is the Fisher diagonal of the masked-language-model loss. As in the paper, one model is trained for each target
    language with this language's F, and is scored on this language only. F is not rescaled, so λ has another scale than
    in ``l2``.

    Appendix F has two variants. ``plus`` adds a penalty with the same λ for each further language (fr+en). ``mix``
    takes one F from text in which all languages have equal shares (mix fr-en). F is a mean over examples, so the F of
    mixed text is the mean of the languages' F. With one further language, ``mix`` with λ equals ``plus`` with λ/2,
    except that ``mix`` reads half as many windows of each language.
    """

    name: ClassVar[str] = "ewc"
    shards: ClassVar[bool] = True
    places: ClassVar[tuple[str, ...]] = ("text",)
    unidentified: ClassVar[tuple[str, ...]] = ("column",)
    pulls: ClassVar[bool] = True

    strength: float
    """λ of Eq. 2, at least 0; 0 is vanilla."""
    languages: tuple[str, ...] = ()
    """Target languages to train a model for; empty for every target language of the study."""
    plus: tuple[str, ...] = ()
    """Languages whose penalties are added to each target language's own penalty."""
    mix: tuple[str, ...] = ()
    """Languages whose text is mixed with each target language's text, for one F."""
    text: str = "embedded"
    """Source of the unlabelled text: ``embedded``, ``wikipedia``, ``task``, a task's name, a folder, or a path
    with ``{language}`` in it.

    See ``harness.data.corpus``.
    """
    column: str = TEXT_COLUMN
    """Column with the text, where ``text`` is a path to tables."""
    examples: int = 200
    """Number of text windows, one gradient each, over which F is averaged."""
    estimator: str = "empirical"
    """``empirical`` or ``sampled``, see ``harness.methods.fisher_estimate``."""
    masking_seed: int = 0
    """Seed of the masks and of the sampled labels."""

    def __post_init__(self) -> None:
        super().__post_init__()
        fields.at_least("strength", self.strength, 0)
        for name in ("languages", "plus", "mix"):
            if getattr(self, name):
                fields.languages(name, getattr(self, name))
        for name in ("plus", "mix"):  # their order does not matter
            object.__setattr__(self, name, tuple(sorted(getattr(self, name))))
        if self.plus and self.mix:
            raise UserError(f"plus and mix: {self.plus!r} and {self.mix!r} are not allowed; give one of them")
        for language in self.languages:
            if language in self.plus + self.mix:
                raise bad("plus" if self.plus else "mix", language, "languages without a model of their own")
        self._estimate(("xx", *self.mix))  # for its checks

    @property
    def label(self) -> str:
        options = {name: value for name, value in fields.chosen(self).items() if name not in ("plus", "mix")}
        variant = (
            [f"target+{'+'.join(self.plus)}"] if self.plus else [f"mix target-{'-'.join(self.mix)}"] if self.mix else []
        )
        named = self.named(options)
        return f"{self.name}({', '.join([*variant, named.removeprefix(f'{self.name}(')])}"

    @property
    def arm(self) -> "Ewc":
        return replace(self, languages=())

    def check(self, targets: Sequence[str], checkpoint: str, settings: Sequence[Setting]) -> None:
        for language in self.languages:
            if language not in targets:
                raise unknown(f"{self.name}: languages", language, targets)
        for name in ("plus", "mix"):
            for language in getattr(self, name):
                if language in (self.languages or targets):
                    raise bad(
                        f"{self.name}: {name}",
                        language,
                        "languages without a model of their own, such as the source",
                    )

    def expand(self, targets: tuple[str, ...]) -> list[tuple[Method, tuple[str, ...]]]:
        return [(replace(self, languages=(language,)), (language,)) for language in self.languages or targets]

    def estimates(self) -> list[Estimate]:
        return [self._estimate((*self.languages, *self.mix)), *(self._estimate((language,)) for language in self.plus)]

    def _estimate(self, languages: tuple[str, ...]) -> Estimate:
        options = {name: getattr(self, name) for name in ("text", "column", "examples", "estimator", "masking_seed")}
        return Estimate(languages=languages, **options)

    def to_json(self) -> dict[str, Any]:
        given = super().to_json()
        if self.column == TEXT_COLUMN:
            given.pop("column")  # older versions refuse a field that they do not know
        return given

    def terms(self, diagonals: "Sequence[Mapping[str, Tensor]]") -> "list[Term]":
        from harness.methods.penalty import Term

        return [Term(self.strength, diagonal) for diagonal in diagonals]
