"""Studies and trials as plain frozen dataclasses, and the content hash that names a trial. Imports neither torch nor
Ray."""

import dataclasses
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from harness import designs
from harness.common import fields
from harness.common.errors import UserError, bad, unknown
from harness.common.hashing import digest
from harness.methods import Method, method_from
from harness.search import Search
from harness.setting import MAX_TRIALS
from harness.setting import Setting as Setting  # a study's file imports it with Study
from harness.tasks import is_file, task_named

NUMERICS = 3
"""Version of everything between a config and its weights that no field names. Raised when a change of code or of a
field's default changes scores."""
PLACE = {"place": True}
"""Marks a field of a trial that cannot change the fine-tuned model."""

PRECISIONS = ("fp32", "bf16", "fp16")
AUTO = "auto"
CHECKPOINTS = ("last", "best")
NAME = re.compile(r"[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_-]*)*", re.ASCII | re.IGNORECASE)
MAX_NAME = 100


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One method with settings or seeds of its own, where they are not the study's."""

    method: Method
    settings: tuple[Setting, ...] | None = None
    """``None`` for the study's."""
    seeds: tuple[int, ...] | None = None
    """``None`` for the study's."""

    def __post_init__(self) -> None:
        fields.coerce(self)
        if self.settings is not None:
            fields.once("settings", self.settings)
        if self.seeds is not None:
            _check_seeds(self.seeds)


def check_name(name: str) -> None:
    """Refuse what a study cannot be called."""
    if not NAME.fullmatch(name) or len(name) > MAX_NAME:
        raise bad("name", name, f"letters, digits, - and _, with / between parts, at most {MAX_NAME} characters")


def _check_seeds(seeds: tuple[int, ...]) -> None:
    fields.once("seeds", seeds)
    for seed in seeds:
        if not 0 <= seed < 2**32:
            raise bad("seeds", seed, "a whole number from 0 to 4294967295")


def seeding(seed: int, replicate: int) -> str:
    """The seed and, of a rerun, its number, as lists of trials name them."""
    return f"seed={seed}" + (f" replicate={replicate}" if replicate else "")


class FullArm(NamedTuple):
    """One method with the settings and seeds it is run at."""

    method: Method
    settings: tuple[Setting, ...]
    seeds: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class TrialConfig:
    """One fine-tuning: all that can change the model, and which languages it is scored on. Made by
    ``harness.execution.plan.plan``."""

    task: str
    """The task's name."""
    source: str
    """Language of the training data."""
    method: Method
    setting: Setting
    seed: int
    replicate: int = 0
    """Number of the rerun with all the rest the same, 0 for the first."""
    precision: str
    checkpoint: str = "last"
    encoder_revision: str
    """The hub's commit, or the fingerprint of the directory's files."""
    training_data: str
    """Fingerprint of the training examples."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """Fingerprint of the unlabelled text of each language that the method reads."""
    task_code: str = ""
    """Fingerprint of the user's task file; empty for steadytune's own tasks."""
    selected_on: str = ""
    """Fingerprint of the source's dev set, where the checkpoint is selected on it."""

    task_file: str = field(default="", metadata=PLACE)
    """Where the user's task file is."""
    encoder: str = field(metadata=PLACE)
    """Hub name or directory to load from: a place, so not part of the identity."""
    data: str = field(metadata=PLACE)
    """Where the data sets are."""
    data_revision: str = field(default="", metadata=PLACE)
    """The hub's commit, where they are on the hub."""
    dev_data: str = field(default="", metadata=PLACE)
    """Fingerprint of the source's dev set."""
    targets: tuple[str, ...] = field(metadata=PLACE)
    """Languages scored beside the source; they do not change the model."""
    test_data: Mapping[str, str] = field(metadata=PLACE)
    """Fingerprint of each scored test set, the source's included."""
    trim_vocabulary: bool = field(default=True, metadata=PLACE)
    """See ``harness.encoders.trimmed_embedding``: it changes nothing but time and memory."""

    def __post_init__(self) -> None:
        fields.coerce(self)

    @cached_property
    def id(self) -> str:
        """Content hash (16 hex digits) of all that can change the fine-tuned model, and of nothing else."""
        places = {f.name for f in dataclasses.fields(self) if f.metadata.get("place")}
        rest = {name: value for name, value in fields.chosen(self).items() if name not in places}
        return digest(
            {"numerics": NUMERICS, **rest, "method": self.method.identity(), "setting": fields.chosen(self.setting)}
        )

    def to_json(self) -> dict[str, Any]:
        given = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        return {**given, "method": self.method.to_json(), "setting": asdict(self.setting)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "TrialConfig":
        given = dict(values)
        given["method"] = method_from(given["method"], "method")
        given["setting"] = fields.build(Setting, "setting", given["setting"])
        return fields.build(cls, "trial", given)


@dataclass(frozen=True, kw_only=True)
class Study:
    """A set of trials with a question: every method at every setting with every seed, unless an ``Arm`` says
    otherwise."""

    name: str
    question: str = ""
    """What the study is to find out, for the report's head."""
    reproduces: str = ""
    """What of the paper it runs again, such as ``Tables 1, 2``; empty for a study that the paper does not have."""
    task: str
    """A task's name, or your own ``.py`` file that defines ``TASK``."""
    methods: tuple[Method | Arm, ...]
    settings: tuple[Setting, ...]
    seeds: tuple[int, ...]
    replicates: int = 1
    """How often each fine-tuning is run, with the same seed. Beyond 1 they measure what no seed fixes, such as the
    order in which a GPU's kernels add; on a CPU reruns are the same to the bit and measure nothing."""
    targets: tuple[str, ...]
    """Languages scored zero-shot; nothing is selected on them. Also ``"paper"``, ``"xtreme"`` or ``"all"``, for all of
    the task's languages in the paper's selection, in XTREME or at all."""
    source: str = "en"
    encoder: str = "embedded"
    """``embedded``, a hub name or a directory."""
    data: str = "embedded"
    """``embedded``, ``hub``, or a directory: of XTREME's download layout, or a copy of the hub's data set."""
    precision: str = AUTO
    """``fp32``, ``bf16``, ``fp16`` (on a GPU, with loss scaling), or ``auto``: fp32 on a CPU, bf16 on a GPU that has
    it, else fp16."""
    checkpoint: str = "last"
    """Weights that are scored: the ``last``, or the ``best`` on the source's dev set, as XTREME selects them."""
    trim_vocabulary: bool = True
    """Train without the embeddings that no training example uses; changes no score, see
    ``harness.encoders.trimmed_embedding``."""
    search: Search | None = None
    """Ranges in which ``steadytune search`` looks for the best of each method's hyperparameters; its only setting gives
    the others."""

    def __post_init__(self) -> None:
        if isinstance(self.targets, str):
            if self.targets in task_named(self.task).languages:
                raise bad("targets", self.targets, f"a list, [{self.targets}]")
            chosen = task_named(self.task).selection(self.targets)
            object.__setattr__(self, "targets", tuple(language for language in chosen if language != self.source))
        fields.coerce(self)
        check_name(self.name)
        fields.choice("precision", self.precision, (AUTO, *PRECISIONS))
        fields.choice("checkpoint", self.checkpoint, CHECKPOINTS)
        fields.languages("source", (self.source,))
        fields.languages("targets", self.targets)
        if not is_file(self.task):  # a user's is checked when the study is planned: a report does without the file
            self.check_languages()
        if self.source in self.targets:
            raise bad("targets", self.source, "languages other than the source, which is scored anyway")
        fields.once("settings", self.settings)
        _check_seeds(self.seeds)
        fields.at_least("replicates", self.replicates, 1)
        fields.at_most("replicates", self.replicates, MAX_TRIALS)
        if not self.methods:
            raise bad("methods", self.methods, "a list with at least one entry")
        labels = [arm.method.arm.label for arm in self.arms]
        if (twice := fields.repeated(labels)) is not None:
            raise bad(
                "methods",
                twice,
                "each method with the same options once: its rows in the tables could not be told apart",
            )
        for arm in self.arms:
            arm.method.check(self.targets, self.checkpoint, arm.settings)
        self._check_size()
        if self.search is not None:
            self._check_search(self.search)

    def _check_size(self) -> None:
        """Refuse more trials than anybody means, counted without making them."""
        if self.search is not None:
            if (count := self.search.trials * len(self.arms)) > MAX_TRIALS:
                raise bad("search: trials", count, f"at most {MAX_TRIALS} over all methods")
            return
        each = (len(arm.settings) * len(arm.seeds) * len(arm.method.expand(self.targets)) for arm in self.arms)
        if (count := self.replicates * sum(each)) > MAX_TRIALS:
            raise bad("trials", count, f"at most {MAX_TRIALS}: fewer settings, seeds or replicates")

    def _check_search(self, search: Search) -> None:
        """Refuse what cannot be searched."""
        if self.replicates > 1:
            raise bad("replicates", self.replicates, "1: a search runs each setting once")
        for arm in self.arms:
            label = arm.method.arm.label
            if len(arm.settings) > 1:
                raise bad("settings", f"{len(arm.settings)} settings", "one, as the search varies it")
            if (models := len(arm.method.expand(self.targets))) > 1:
                raise UserError(
                    f"search: {label} has a model for each of {models} target languages, and no one setting could be "
                    "selected for all on the source; give it one language, or leave it out"
                )
            try:
                search.check(arm.settings[0])
                arm.method.check(self.targets, self.checkpoint, search.corners(arm.settings[0]))
            except UserError as error:
                raise UserError(f"search: within the space {error}") from None

    def check_languages(self) -> None:
        """Refuse languages that the task lacks."""
        task = task_named(self.task)
        for where, languages in (("source", (self.source,)), ("targets", self.targets)):
            for language in languages:
                if language not in task.languages:
                    raise unknown(f"{where} of task {task.name}", language, task.languages)

    @property
    def arms(self) -> tuple[FullArm, ...]:
        """Every method with its settings and seeds filled in."""
        arms = (method if isinstance(method, Arm) else Arm(method=method) for method in self.methods)
        return tuple(FullArm(a.method, a.settings or self.settings, a.seeds or self.seeds) for a in arms)

    def runs(self) -> Iterator[tuple[Method, tuple[str, ...], Setting, int, int]]:
        """Method as trained, languages it is scored on, setting, seed and replicate of each trial, replicates and
        settings outermost.

        That order spreads the methods over the study's time, so an interrupted study has pairs to compare.
        """
        everywhere = dict.fromkeys(setting for arm in self.arms for setting in arm.settings)
        arms = [(arm, frozenset(arm.settings)) for arm in self.arms]
        for replicate, setting in itertools.product(range(self.replicates), everywhere):
            for arm, own in arms:
                for seed in arm.seeds if setting in own else ():
                    for method, languages in arm.method.expand(self.targets):
                        yield method, languages, setting, seed, replicate

    @classmethod
    def from_json(cls, values: object, where: str = "study") -> "Study":
        """A study from its YAML or JSON form; a method there may carry ``settings`` and ``seeds`` of its own.

        Settings are a list, or a mapping that ``harness.designs`` makes one of. Raises ``UserError`` naming the field,
        the value and what is allowed.
        """
        if not isinstance(values, Mapping):
            raise bad(where, values, "a mapping with the fields of a study")
        given = dict(values)
        given["methods"] = [
            _arm(spec, f"{where}: methods") for spec in _list(given.get("methods"), f"{where}: methods")
        ]
        given["settings"] = _settings(given.get("settings"), f"{where}: settings")
        if given.get("search") is not None:
            given["search"] = Search.from_json(given["search"], f"{where}: search")
        return fields.build(cls, where, given)

    def to_json(self) -> dict[str, Any]:
        given = asdict(self)
        given["methods"] = [
            m.to_json() if isinstance(m, Method) else m.method.to_json() | _own(m) for m in self.methods
        ]
        given.pop("search")
        return given if self.search is None else {**given, "search": self.search.to_json()}


def _own(arm: Arm) -> dict[str, Any]:
    settings = {"settings": [asdict(setting) for setting in arm.settings]} if arm.settings is not None else {}
    return settings | ({"seeds": arm.seeds} if arm.seeds is not None else {})


def _arm(spec: object, where: str) -> object:
    if isinstance(spec, Arm):
        return spec
    if not isinstance(spec, Mapping) or not {"settings", "seeds"} & spec.keys():
        return method_from(spec, where)
    rest = {name: value for name, value in spec.items() if name not in ("settings", "seeds")}
    own: dict[str, Any] = {"method": method_from(rest, where)}
    if "settings" in spec:
        own["settings"] = _settings(spec["settings"], f"{where}: settings")
    if "seeds" in spec:
        own["seeds"] = spec["seeds"]
    return fields.build(Arm, where, own)


def _settings(specs: object, where: str) -> list[Setting]:
    if isinstance(specs, Mapping):
        return list(designs.settings_from(specs, where))
    return [spec if isinstance(spec, Setting) else fields.build(Setting, where, spec) for spec in _list(specs, where)]


def _list(values: object, where: str) -> list[Any]:
    if not isinstance(values, list | tuple):
        raise bad(where, values, "a list")
    return list(values)
