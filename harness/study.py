"""Studies and trials as plain frozen dataclasses, and the content hash that names a trial. Imports neither torch nor Ray."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from harness import fields
from harness.errors import UserError, bad, unknown
from harness.hashing import digest
from harness.methods import Method, method_from
from harness.tasks import task_named

NUMERICS = 1
"""Version of everything between a config and its weights that no field names. Raised when a change of code changes scores."""

PRECISIONS = ("fp32", "bf16")
SCHEDULES = ("linear", "constant", "cosine")


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Hyperparameters of one fine-tuning: what a sensitivity study varies. Exactly one of ``epochs`` and ``max_steps`` is given."""

    learning_rate: float
    """Largest learning rate of AdamW, for encoder and head alike."""
    warmup_steps: int = 0
    """Optimizer steps of linear warmup."""
    epochs: float | None = None
    """Passes over the training data."""
    max_steps: int | None = None
    """Optimizer steps."""
    batch_size: int = 32
    """Examples per optimizer step and device, over all its micro-batches."""
    accumulation: int = 1
    """Micro-batches that a batch is cut into to save memory; the gradient is that of the whole batch."""
    max_length: int = 128
    """Most sub-words of an example, special tokens included; longer sentences are windowed, so that no word is lost."""
    schedule: str = "linear"
    """What the learning rate does after the warmup: ``linear`` or ``cosine`` decay to zero, or ``constant``."""
    weight_decay: float = 0.0
    """AdamW's decay towards zero; 0 unless asked for, as it fights a pull towards the pretrained weights."""
    max_grad_norm: float = 1.0
    """Norm the whole gradient, penalty included, is clipped to; 0 for no clipping."""

    def __post_init__(self) -> None:
        fields.number("learning_rate", self.learning_rate, above=0)
        fields.whole("warmup_steps", self.warmup_steps, least=0)
        if (self.epochs is None) == (self.max_steps is None):
            raise UserError(f"epochs and max_steps: {self.epochs!r} and {self.max_steps!r} are not allowed; give exactly one of them")
        if self.epochs is not None:
            fields.number("epochs", self.epochs, above=0)
        if self.max_steps is not None:
            fields.whole("max_steps", self.max_steps, least=1)
        fields.whole("batch_size", self.batch_size, least=1)
        fields.whole("accumulation", self.accumulation, least=1)
        if self.batch_size % self.accumulation:
            raise bad("accumulation", self.accumulation, f"a divisor of the batch size, {self.batch_size}")
        fields.whole("max_length", self.max_length, least=8)
        fields.choice("schedule", self.schedule, SCHEDULES)
        fields.number("weight_decay", self.weight_decay, least=0)
        fields.number("max_grad_norm", self.max_grad_norm, least=0)

    def differing(self, others: "tuple[Setting, ...]") -> str:
        """A short name among ``others``: the fields in which they differ, e.g. ``learning_rate=0.001 warmup_steps=6``."""
        mine = asdict(self)
        names = [name for name in mine if len({asdict(other)[name] for other in others}) > 1] or ["learning_rate"]
        return " ".join(f"{name}={mine[name]:g}" if isinstance(mine[name], float) else f"{name}={mine[name]}" for name in names)


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One method with settings or seeds of its own, where they are not the study's."""

    method: Method
    settings: tuple[Setting, ...] = ()
    seeds: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TrialConfig:
    """One fine-tuning: all that can change the model, and which languages it is scored on. Made by ``harness.plan.plan``."""

    task: str
    source: str
    """Language of the training data."""
    method: Method
    setting: Setting
    seed: int
    precision: str
    encoder_revision: str
    """The hub's commit, or the fingerprint of the directory's files."""
    training_data: str
    """Fingerprint of the training examples."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """Fingerprint of the unlabelled text of each language that the method reads."""

    encoder: str = field(metadata={"identity": False})
    """Hub name or directory to load from: a place, so not part of the identity."""
    data: str = field(metadata={"identity": False})
    """Where the data sets are."""
    targets: tuple[str, ...] = field(metadata={"identity": False})
    """Languages scored beside the source; they do not change the model."""
    test_data: Mapping[str, str] = field(metadata={"identity": False})
    """Fingerprint of each scored test set, the source's included."""

    @property
    def id(self) -> str:
        """Content hash (16 hex digits) of all that can change the fine-tuned model, and of nothing else."""
        return digest({"numerics": NUMERICS, **self.identity()})

    def identity(self) -> dict[str, Any]:
        method = {k: v for k, v in self.method.to_json().items() if k not in self.method.places}
        rest = {name: getattr(self, name) for name in ("task", "source", "seed", "precision", "encoder_revision", "training_data")}
        return {**rest, "method": method, "setting": asdict(self.setting), "texts": dict(self.texts)}

    def to_json(self) -> dict[str, Any]:
        places = {name: getattr(self, name) for name in ("encoder", "data", "targets", "test_data")}
        return {**self.identity(), **places, "method": self.method.to_json()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "TrialConfig":
        given = dict(values)
        given["method"] = method_from(given["method"], "method")
        given["setting"] = fields.build(Setting, "setting", given["setting"])
        return fields.build(cls, "trial", given)


@dataclass(frozen=True, kw_only=True)
class Study:
    """A set of trials with a question: every method at every setting with every seed, unless an ``Arm`` says otherwise."""

    name: str
    question: str = ""
    """What the study is to find out, for the report's head."""
    task: str
    methods: tuple[Method | Arm, ...]
    settings: tuple[Setting, ...]
    seeds: tuple[int, ...]
    targets: tuple[str, ...]
    """Languages scored zero-shot; nothing is selected on them."""
    source: str = "en"
    encoder: str = "embedded"
    """``embedded``, a hub name or a directory."""
    data: str = "embedded"
    """``embedded`` or a directory in XTREME's download layout."""
    precision: str = "fp32"

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name or not all(c.isalnum() or c in "-_/." for c in self.name) or ".." in self.name:
            raise bad("name", self.name, "letters, digits and - _ . / without '..'")
        if self.name.startswith(("/", ".")):
            raise bad("name", self.name, "a name that starts with a letter or a digit")
        task = task_named(self.task)
        for name in ("methods", "settings", "seeds", "targets"):
            values = getattr(self, name)
            if not isinstance(values, list | tuple) or not values:
                raise bad(name, values, "a list with at least one entry")
            object.__setattr__(self, name, tuple(values))
        for method in self.methods:
            if not isinstance(method, Method | Arm):
                raise bad("methods", method, "methods and arms")
        for setting in self.settings:
            if not isinstance(setting, Setting):
                raise bad("settings", setting, "settings")
        for seed in self.seeds:
            fields.whole("seeds", seed, least=0)
        fields.choice("precision", self.precision, PRECISIONS)
        for where, languages in (("source", (self.source,)), ("targets", self.targets)):
            for language in languages:
                fields.language(where, language)
                if language not in task.languages:
                    raise unknown(f"{where} of task {task.name}", language, task.languages)
        if self.source in self.targets:
            raise bad("targets", self.source, "languages other than the source, which is scored anyway")
        for name in ("seeds", "targets", "settings"):
            values = getattr(self, name)
            twice = next((value for value in values if values.count(value) > 1), None)
            if twice is not None:
                raise bad(name, twice, "each entry once")
        labels = [arm.method.label for arm in self.arms]
        if len(set(labels)) < len(labels):
            raise bad("methods", ", ".join(labels), "each method with the same options once")
        for arm in self.arms:
            for language in arm.method.texts():
                if language not in self.targets:
                    raise unknown(f"{arm.method.name}: languages", language, self.targets)

    @property
    def arms(self) -> tuple[Arm, ...]:
        """Every method with its settings and seeds filled in."""
        arms = (method if isinstance(method, Arm) else Arm(method=method) for method in self.methods)
        return tuple(Arm(method=a.method, settings=a.settings or self.settings, seeds=a.seeds or self.seeds) for a in arms)

    def runs(self) -> Iterator[tuple[Method, tuple[str, ...], Setting, int]]:
        """Method as trained, languages it is scored on, setting and seed of each trial, settings outermost.

        That order spreads the methods over the study's time, so an interrupted study has pairs to compare.
        """
        everywhere = dict.fromkeys(setting for arm in self.arms for setting in arm.settings)
        for setting in everywhere:
            for arm in self.arms:
                for seed in arm.seeds if setting in arm.settings else ():
                    for method, languages in arm.method.expand(self.targets):
                        yield method, languages, setting, seed

    @classmethod
    def from_json(cls, values: object, where: str = "study") -> "Study":
        """A study from its YAML or JSON form; a method there may carry ``settings`` and ``seeds`` of its own.

        Raises ``UserError`` naming the field, the value and what is allowed.
        """
        if not isinstance(values, Mapping):
            raise bad(where, values, "a mapping with the fields of a study")
        given = dict(values)
        given["methods"] = [_arm(spec, f"{where}: methods") for spec in _list(given.get("methods"), f"{where}: methods")]
        given["settings"] = _settings(given.get("settings"), f"{where}: settings")
        return fields.build(cls, where, given)

    def to_json(self) -> dict[str, Any]:
        given = asdict(self)
        given["methods"] = [m.to_json() if isinstance(m, Method) else m.method.to_json() | _own(m) for m in self.methods]
        return given


def _own(arm: Arm) -> dict[str, Any]:
    settings = {"settings": [asdict(setting) for setting in arm.settings]} if arm.settings else {}
    return settings | ({"seeds": arm.seeds} if arm.seeds else {})


def _arm(spec: object, where: str) -> Method | Arm:
    if not isinstance(spec, dict) or not {"settings", "seeds"} & spec.keys():
        return method_from(spec, where)
    rest = {k: v for k, v in spec.items() if k not in ("settings", "seeds")}
    settings = _settings(spec["settings"], where) if "settings" in spec else []
    return Arm(method=method_from(rest, where), settings=tuple(settings), seeds=tuple(_list(spec.get("seeds", []), f"{where}: seeds")))


def _settings(specs: object, where: str) -> list[Setting]:
    return [spec if isinstance(spec, Setting) else fields.build(Setting, where, spec) for spec in _list(specs, where)]


def _list(values: object, where: str) -> list[Any]:
    if not isinstance(values, list | tuple):
        raise bad(where, values, "a list")
    return list(values)
