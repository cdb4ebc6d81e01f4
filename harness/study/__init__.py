"""Studies as plain frozen dataclasses. Imports neither torch nor Ray."""

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from harness.common import fields, files, sources
from harness.common.errors import UserError, bad, unknown
from harness.methods import Method
from harness.methods import own as own_methods
from harness.search import Search
from harness.setting import MAX_TRIALS, unknown_field
from harness.setting import Setting as Setting  # exported with Study, for users' Python files
from harness.study.arms import Arm as Arm
from harness.study.arms import FullArm as FullArm
from harness.study.arms import arm_from, beside_arm, check_seeds, entries, settings_from
from harness.study.equivalence import EquivalenceBounds as EquivalenceBounds
from harness.study.own_data import DataFiles as DataFiles
from harness.study.own_data import HubData as HubData
from harness.study.own_data import OwnData, beside, check_own, data_json, own_data
from harness.study.sampling import Sampling as Sampling
from harness.study.trial_config import NUMERICS as NUMERICS
from harness.study.trial_config import NUMERICS_16_BIT as NUMERICS_16_BIT
from harness.study.trial_config import TrialConfig as TrialConfig
from harness.study.trial_config import seeding as seeding
from harness.tasks import Own, TaskName, is_file, own_task, task_named

PRECISIONS = ("fp32", "bf16", "fp16")
AUTO = "auto"
CHECKPOINTS = ("last", "best")
NAME = re.compile(r"[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_-]*)*", re.ASCII | re.IGNORECASE)
MAX_NAME = 100
"""Largest number of characters in a study's name."""
MAX_LOOKS = 20
"""Largest number of planned looks: more looks cost power and give little."""


def check_name(name: str) -> None:
    """Refuse a text that is not a valid name of a study."""
    if not NAME.fullmatch(name) or len(name) > MAX_NAME:
        raise bad(
            "name",
            name,
            f"letters, digits, - and _ (neither first), with / between parts, at most {MAX_NAME} characters",
        )


@dataclass(frozen=True, kw_only=True)
class Study:
    """A set of trials with a question: every method at every setting with every seed, unless an ``Arm`` differs."""

    name: str
    question: str = ""
    """The question that the study answers, shown at the head of the report."""
    reproduces: str = ""
    """Tables of the paper that the study reproduces, such as ``Tables 1, 2``; empty for a study of your own."""
    task: TaskName
    """A task's name, your own ``.py`` file that defines ``TASK``, or a task on your own data.

    See ``harness.tasks.own`` for a task on your own data.
    """
    methods: tuple[Method | Arm, ...]
    settings: tuple[Setting, ...]
    seeds: tuple[int, ...]
    replicates: int = 1
    """Number of runs of each fine-tuning with the same seed.

    More than one run measures effects that no seed fixes, such as the order in which a GPU's kernels add. On a CPU,
    reruns are bit-identical and measure nothing.
    """
    targets: tuple[str, ...]
    """Languages scored zero-shot; nothing is selected on them.

    The names ``"paper"``, ``"xtreme"`` and ``"all"`` stand for the task's languages: the paper's targets, XTREME's
    languages, or all.
    """
    source: str = "en"
    """Language of the training data, or several languages as a list or as ``en+de``.

    With several, one model is trained on all their examples, and the source score is the mean of their scores.
    """
    sampling: Sampling | None = None
    """Mix of several source languages; ``None`` for all their examples."""
    encoder: str = "embedded"
    """``embedded``, a hub name or a folder."""
    data: OwnData = "embedded"
    """``embedded``, ``hub``, or a folder: in XTREME's download layout, or a copy of the hub's data set.

    For a task on your own data, this field gives the files, see ``harness.study.own_data``.
    """
    precision: str = AUTO
    """``fp32``, ``bf16``, ``fp16`` (GPU only) or ``auto``, the fastest on the device.

    ``auto`` is bf16 on a GPU or a processor that has it (AVX512-BF16, AMX), else fp16 on a GPU and fp32 on a processor.
    A study with ``auto`` goes on in the precision of its finished trials, if that is fp32 or the device's fastest.
    """
    checkpoint: str = "last"
    """Weights that are scored: the ``last``, or the ``best`` on the source's dev set, as in XTREME."""
    trim_vocabulary: bool = True
    """Whether to train without unused embeddings. It changes no score: see ``harness.encoders.trimmed_embedding``."""
    search: Search | None = None
    """Ranges of ``steadytune search`` for some hyperparameters. The study's only setting gives the others."""
    looks: int | None = None
    """Number of tests of the study's claims while it runs, equally spaced, the last at its end.

    Fix it before the first run. ``None`` means one test, at the end. See ``analysis.statistics.looks``.
    """
    equivalence: EquivalenceBounds | None = None
    """Bounds within which two methods count as the same; ``None`` for the defaults of ``EquivalenceBounds``."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "source", sources.together(self.source))
        if isinstance(self.targets, str):
            object.__setattr__(self, "targets", self._selected(self.targets))
        fields.coerce(self)
        methods = (method if isinstance(method, Arm) else own_methods.own(method) for method in self.methods)
        object.__setattr__(self, "methods", tuple(methods))
        check_name(self.name)
        fields.choice("precision", self.precision, (AUTO, *PRECISIONS))
        fields.choice("checkpoint", self.checkpoint, CHECKPOINTS)
        fields.languages("source", sources.parts(self.source))
        fields.languages("targets", self.targets)
        self._check_sampling()
        self._check_data()
        if not is_file(self.task):  # a user's task is checked at planning: a report works without the file
            self.check_languages()
        for language in sources.parts(self.source):
            if language in self.targets:
                raise bad("targets", language, "languages other than the source, which is scored anyway")
        fields.once("settings", self.settings)
        check_seeds(self.seeds)
        fields.at_least("replicates", self.replicates, 1)
        fields.at_most("replicates", self.replicates, MAX_TRIALS)
        if self.looks is not None:
            fields.at_least("looks", self.looks, 1)
            fields.at_most("looks", self.looks, MAX_LOOKS)
        self._check_methods()
        self._check_size()
        if self.search is not None:
            self._check_search(self.search)

    def _selected(self, selection: str) -> tuple[str, ...]:
        """The target languages of a named selection."""
        task = task_named(self.task)
        if isinstance(task, Own):
            return self._tested(selection)
        if selection in task.languages:
            raise bad("targets", selection, f"a list, [{selection}]")
        return tuple(language for language in task.selection(selection) if language not in sources.parts(self.source))

    def _tested(self, selection: str) -> tuple[str, ...]:
        """The languages with test files, without the source."""
        if selection != "all" or not isinstance(self.data, DataFiles):
            raise bad("targets", selection, "a list of languages, or 'all' if the data has a file for each")
        return tuple(language for language in self.data.test if language not in sources.parts(self.source))

    def _check_sampling(self) -> None:
        """Refuse a mix of one language."""
        if self.sampling is not None and not sources.is_several(self.source):
            raise UserError(f"sampling: it mixes several source languages, and 'source' is {self.source!r} alone")

    def _check_data(self) -> None:
        """Refuse data that does not suit the task."""
        if isinstance(self.task, Own):
            check_own(self.data)
        elif not isinstance(self.data, str):
            raise UserError(f"data: data of your own need a task with a 'kind'; the task is {self.task!r}")

    def _check_methods(self) -> None:
        """Refuse methods with the same label in tables, and methods that the study cannot run."""
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

    def _check_size(self) -> None:
        """Refuse so many trials that the number must be a typo. Counting makes no trial."""
        if self.search is not None:
            if (count := self.search.trials * len(self.arms)) > MAX_TRIALS:
                raise bad("search: trials", count, f"at most {MAX_TRIALS} over all methods")
            return
        each = (len(arm.settings) * len(arm.seeds) * len(arm.method.expand(self.targets)) for arm in self.arms)
        if (count := self.replicates * sum(each)) > MAX_TRIALS:
            raise bad("trials", count, f"at most {MAX_TRIALS}: fewer settings, seeds or replicates")

    def _check_search(self, search: Search) -> None:
        """Refuse a study that cannot be searched."""
        if self.looks is not None:
            raise bad("looks", self.looks, "none: the report of a search tests nothing")
        if self.replicates > 1:
            raise bad("replicates", self.replicates, "1: a search runs each setting once")
        for arm in self.arms:
            label = arm.method.arm.label
            if len(arm.settings) > 1:
                raise bad("settings", f"{len(arm.settings)} settings", "one, as the search varies it")
            if (models := len(arm.method.expand(self.targets))) > 1:
                raise UserError(
                    f"search: {label} has a model for each of {models} target languages. The source score cannot "
                    "select one setting for all these models; give the method one language, or leave the method out"
                )
            try:
                search.check(arm.settings[0])
                arm.method.check(self.targets, self.checkpoint, search.corners(arm.settings[0]))
            except UserError as error:
                raise UserError(f"search: within the space {error}") from None

    def check_languages(self) -> None:
        """Refuse languages that the task lacks."""
        task = task_named(self.task)
        if isinstance(task, Own):
            if isinstance(self.data, DataFiles):
                self.data.check(sources.parts(self.source), self.targets)
            return
        for where, languages in (("source", sources.parts(self.source)), ("targets", self.targets)):
            for language in languages:
                if language not in task.languages:
                    raise unknown(f"{where} of task {task.name}", language, task.languages)

    def beside(self, folder: Path) -> "Study":
        """The study with full paths of its task's and methods' files, and of an own task's metric file and data.

        Relative paths are taken from ``folder``.
        """
        placed = replace(self, methods=tuple(beside_arm(method, folder) for method in self.methods))
        if not isinstance(self.task, Own):
            return replace(placed, task=files.full(self.task, folder, "task")) if is_file(self.task) else placed
        return replace(placed, task=self.task.beside(folder), data=beside(self.data, folder))

    @property
    def title(self) -> str:
        """The task in a few words: its name, its file's name, or a description."""
        if isinstance(self.task, Own):
            return self.task.title
        return files.last_part(self.task) if is_file(self.task) else self.task

    @property
    def own_arms(self) -> tuple[Arm, ...]:
        """Every method as an ``Arm``, with its own settings and seeds only."""
        return tuple(method if isinstance(method, Arm) else Arm(method=method) for method in self.methods)

    @property
    def arms(self) -> tuple[FullArm, ...]:
        """Every method with its settings and seeds filled in."""
        return tuple(
            FullArm(arm.method, arm.settings or self.settings, arm.seeds or self.seeds) for arm in self.own_arms
        )

    def runs(self) -> Iterator[tuple[Method, tuple[str, ...], Setting, int, int]]:
        """The trials: method as trained, languages scored with it, setting, seed and replicate.

        Replicates and settings vary slowest. So the methods are spread over the study's time, and an interrupted study
        has pairs to compare.
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
        """A study from its YAML or JSON form, in which a method may have its own ``settings`` and ``seeds``.

        Settings are a list, or a mapping that ``harness.designs`` turns into a list. Raises ``UserError`` with the
        field, the value and the allowed values.
        """
        if not isinstance(values, Mapping):
            raise bad(where, values, "a mapping with the fields of a study")
        given = dict(values)
        for name in given:
            if name not in cls.__dataclass_fields__:
                raise unknown_field(f"{where}: field", name, cls.__dataclass_fields__)
        fields.check_present(cls, where, given)
        if not isinstance(given["task"], str | Own):
            given["task"] = own_task(given["task"], f"{where}: task")
        if "data" in given:
            given["data"] = own_data(given["data"], f"{where}: data")
        given["methods"] = [arm_from(spec, place) for place, spec in entries(given["methods"], f"{where}: methods")]
        given["settings"] = settings_from(given["settings"], f"{where}: settings")
        if given.get("search") is not None:
            given["search"] = Search.from_json(given["search"], f"{where}: search")
        parts: dict[str, type] = {"equivalence": EquivalenceBounds, "sampling": Sampling}
        for name, kind in parts.items():
            if given.get(name) is not None:
                given[name] = fields.build(kind, f"{where}: {name}", given[name])
        return fields.build(cls, where, given)

    def to_json(self) -> dict[str, Any]:
        given = asdict(self) | {"task": self.task, "data": data_json(self.data)}
        if isinstance(self.task, Own):
            given["task"] = self.task.to_json()
        given["methods"] = [arm.to_json() for arm in self.own_arms]
        given["settings"] = [setting.to_json() for setting in self.settings]
        # Older versions refuse a field that they do not know.
        for name in ("search", "looks", "equivalence", "sampling"):
            if getattr(self, name) is None:
                given.pop(name)
        return given if self.search is None else {**given, "search": self.search.to_json()}
