"""A user's own method: a class that extends ``Method``, in a ``.py`` file.

A study names the file and the options. The class is looked up only where its code is needed, so that a report works
without the file.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from harness.common import fields, files
from harness.common.errors import UserError, bad
from harness.common.hashing import check_unchanged
from harness.common.users import own_code
from harness.methods.base import Method
from harness.methods.fisher_estimate import Estimate
from harness.methods.own_calls import called, guard, guarded_optimizer
from harness.methods.own_classes import made
from harness.setting import Setting

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer
    from transformers import PreTrainedModel, TrainerCallback

    from harness.encoders.loading import Pretrained
    from harness.methods.batch import Batch
    from harness.methods.penalty import Term

T = TypeVar("T")
Options = tuple[tuple[str, Any], ...]


@dataclass(frozen=True, kw_only=True)
class OwnMethod(Method):
    """A method from a user's file, as a study and a trial keep it."""

    places: ClassVar[tuple[str, ...]] = ("file",)

    file: str
    """Path of the file. Only its content is part of a trial's identity."""
    name: str = ""  # type: ignore[misc]
    """The class's ``name``; empty for the only class of the file, until the file is read."""
    options: Options = ()
    """The options that differ from their defaults, in the order of the class's fields."""
    code: str = ""
    """Hash of the file and of the modules beside it that it imports; empty until the trials are planned."""
    whole: Options | None = None
    """The study's options, in a trial of a method that ``expand`` splits by language; else ``None``."""

    def __post_init__(self) -> None:
        """Nothing is converted here: the options belong to another class."""

    @classmethod
    def of(cls, method: Method) -> "OwnMethod":
        """The stored form of an instance of a user's class. Raises ``UserError`` if the class is in no file."""
        file = type(method).defined_in
        if not file:
            raise UserError(f"methods: {type(method).__name__} is defined in no file; put the class into a .py file")
        own = cls(file=file, name=method.name, options=_options(fields.chosen(method)))
        object.__setattr__(own, "_live", method)
        return own

    @classmethod
    def from_json(cls, values: Mapping[str, Any], where: str) -> "OwnMethod":
        """The method from its YAML or JSON form: ``file``, ``name`` if the file has several methods, and options."""
        given = dict(values)
        known = {name: given.pop(name, "") for name in ("file", "name", "code")}
        for name, value in known.items():
            if not isinstance(value, str):
                raise bad(f"{where}: {name}", value, "text")
        if not known["file"].endswith(".py"):
            raise bad(f"{where}: file", known["file"], "a .py file")
        whole = given.pop("whole", None)
        if whole is not None and not isinstance(whole, Mapping):
            raise bad(f"{where}: whole", whole, "a mapping of options")
        return cls(**known, options=_options(given), whole=None if whole is None else _options(whole))

    # Without the code

    @property
    def label(self) -> str:
        return replace(self, name=Path(self.file).stem).label if not self.name else self.named(dict(self.options))

    @property
    def arm(self) -> "OwnMethod":
        return self if self.whole is None else replace(self, options=self.whole, whole=None)

    def to_json(self) -> dict[str, Any]:
        whole = {} if self.whole is None else {"whole": dict(self.whole)}
        code = {"code": self.code} if self.code else {}
        return {"name": self.name, "file": self.file, **code, **whole, **dict(self.options)}

    def identity(self) -> dict[str, Any]:
        return {"name": self.name, **dict(self.options), "code": self.code or self._hash()}

    # The code

    def _path(self) -> Path:
        return own_code.file_of("methods", self.file, "a method's name")

    def _hash(self) -> str:
        return own_code.hashed(self._path())

    @property
    def made(self) -> Method:
        """The instance of the user's class. Raises ``UserError`` for a missing or faulty file and for bad options."""
        live: Method | None = getattr(self, "_live", None)
        return live or made(self._path(), self.name, dict(self.options))

    @property
    def _known(self) -> Method | None:
        """The instance; ``None`` if the code is missing, faulty, or changed since the trial was planned."""
        try:
            return self.made if not self.code or self.code == self._hash() else None
        except UserError:
            return None

    def beside(self, folder: Path) -> "OwnMethod":
        """The method with its file's full path, and with its name and options as the file defines them.

        A missing file is an error only when trials are planned: a report works without it.
        """
        placed = self._replaced(file=files.full(self.file, folder, "methods: file"))
        return placed._resolved() if Path(placed.file).is_file() else placed

    def located(self, absolute: Callable[[str, str], str]) -> "OwnMethod":
        """The method with its code's hash and with full paths."""
        placed = self._replaced(file=files.full(self.file, Path.cwd(), "methods: file"))._resolved()
        options = _options(fields.chosen(placed.made.located(absolute)))
        return replace(placed, options=options, code=placed._hash())

    def _resolved(self) -> "OwnMethod":
        method = self.made
        return self._replaced(name=method.name, options=_options(fields.chosen(method)))

    def _replaced(self, **changes: Any) -> "OwnMethod":
        found = replace(self, **changes)
        object.__setattr__(found, "_live", getattr(self, "_live", None))
        return found

    def check_code(self) -> None:
        """Refuse a trial whose method has changed since the trial was planned."""
        check_unchanged(f"methods: {self.file}", self._hash(), self.code)

    def _call(self, hook: str, kind: type[T] | tuple[type[T], ...], *given: Any) -> T:
        """The return value of a hook; see ``own_calls.called``."""
        return called(self.made, hook, kind, given, self._path(), self.file)

    # Hooks

    @property
    def pulls(self) -> bool:  # type: ignore[override]
        return self._known is not None and self._known.pulls

    @property
    def replaces_loss(self) -> bool:  # type: ignore[override]
        return self._known is not None and self._known.replaces_loss

    @property
    def virtual_tokens(self) -> int:
        return self._known.virtual_tokens if self._known is not None else 0

    @property
    def has_optimizer(self) -> bool:
        return self._known is not None and self._known.has_optimizer

    def clash(self, other: Method) -> str:
        return self._known.clash(other) if self._known is not None else ""

    def check(self, targets: Sequence[str], checkpoint: str, settings: Sequence[Setting]) -> None:
        if (known := self._known) is None:
            return
        for setting in settings if known.has_optimizer else ():
            for name in sorted({"optimizer", "bias_correction"} & fields.chosen(setting).keys()):
                raise bad(name, getattr(setting, name), f"none: the method {self.name!r} has its own optimizer")
        known.check(targets, checkpoint, settings)

    def warnings(self, setting: Setting) -> list[str]:
        return self._known.warnings(setting) if self._known is not None else []

    def expand(self, targets: tuple[str, ...]) -> list[tuple[Method, tuple[str, ...]]]:
        if (known := self._known) is None:
            return [(self, targets)]
        parts = known.expand(targets)
        if parts == [(known, targets)]:
            return [(self, targets)]
        return [
            (replace(self, options=_options(fields.chosen(part)), whole=self.options), languages)
            for part, languages in parts
        ]

    def adapt(self, model: "PreTrainedModel", pretrained: "Pretrained") -> None:
        self._call("adapt", type(None), model, pretrained)

    def restarts(self, model: "PreTrainedModel", pretrained: "Pretrained") -> frozenset[str]:
        return frozenset(self._call("restarts", (frozenset, set), model, pretrained))

    def estimates(self) -> list[Estimate]:
        return self._call("estimates", list)

    def terms(self, diagonals: "Sequence[Mapping[str, Tensor]]") -> "list[Term]":
        return self._call("terms", list, diagonals)

    def rates(self, model: "PreTrainedModel", pretrained: "Pretrained") -> dict[str, float]:
        return self._call("rates", dict, model, pretrained)

    def loss(self, model: "PreTrainedModel", batch: "Batch", outputs: "Mapping[str, Tensor]") -> "Tensor | None":
        from torch import Tensor

        found = self._call("loss", (Tensor, type(None)), model, batch, outputs)
        if isinstance(found, Tensor) and found.dim():
            raise UserError(
                f"{self.file}: loss of the method {self.name!r} returns a tensor {tuple(found.shape)}, not a scalar"
            )
        return found

    def optimizer(self, groups: list[dict[str, Any]], setting: Setting) -> "Optimizer | None":
        from torch.optim import Optimizer

        given = {id(weight) for group in groups for weight in group["params"]}
        found = self._call("optimizer", (Optimizer, type(None)), groups, setting)
        return None if found is None else guarded_optimizer(found, given, self.name, self._path(), self.file)

    def callbacks(self) -> "list[TrainerCallback]":
        found: list[TrainerCallback] = self._call("callbacks", list)
        for callback in found:
            guard(callback, self.name, self._path())
        return found

    def finish(self, model: "PreTrainedModel") -> None:
        self._call("finish", type(None), model)


def _options(given: Mapping[str, Any]) -> Options:
    """Options as pairs; lists become tuples, as in other methods."""
    return tuple((name, _frozen(name, value)) for name, value in given.items())


def _frozen(name: str, value: Any) -> Any:
    if isinstance(value, list | tuple):
        return tuple(_frozen(name, entry) for entry in value)
    if value is not None and not isinstance(value, str | int | float):
        raise bad(f"methods: {name}", value, "text, a number, a truth value, or a list of these")
    return value


def own(method: Method) -> Method:
    """A method as studies keep it: an instance of a user's class becomes an ``OwnMethod``; other methods stay."""
    if isinstance(method, OwnMethod) or type(method).__module__.startswith("harness.methods."):
        return method
    return OwnMethod.of(method)
