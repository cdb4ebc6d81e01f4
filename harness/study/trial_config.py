"""The config of one trial, and the content hash that is its id."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from harness.common import fields
from harness.common.hashing import digest
from harness.methods import Method, OwnMethod, method_from
from harness.setting import SEEDS, Setting
from harness.study.own_data import OwnData, data_json, own_data
from harness.tasks import Own, own_files, own_task

NUMERICS = 3
"""Version of everything between a config and its weights that no field covers.

Raise it when a change of the code, or of a field's default, changes scores.
"""
NUMERICS_16_BIT = 4
"""The same for trials in bf16 and fp16. Since 4, the head's last layer is in fp32."""
PLACE = {"place": True}
"""Marks a field of a trial that changes at most the rounding of the fine-tuned model."""


@dataclass(frozen=True, kw_only=True)
class TrialConfig:
    """One fine-tuning: all values that can change the model, and the languages that it is scored on.

    ``harness.execution.plan.plan`` makes it.
    """

    task: str
    """The task's name."""
    source: str
    """Language of the training data, or languages joined by +."""
    method: Method
    setting: Setting
    seed: int
    replicate: int = 0
    """Number of the rerun with the same seed, 0 for the first run."""
    processes: int = 1
    """Processes that train the model together, each on its part of every batch. Their number changes dropout's draws
    and the rounding."""
    precision: str
    checkpoint: str = "last"
    encoder_revision: str
    """The hub's commit, or the fingerprint of the folder's files."""
    tokenizer: str = ""
    """``spm`` if the tokenizer is built with the normalisation of the encoder's ``spm.model``.

    See ``harness.encoders.spm_normalisation``.
    """
    training_data: str
    """Fingerprint of the training examples."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """Fingerprints of the unlabelled texts that the method reads, by language."""
    task_code: str = ""
    """Fingerprint of the user's task file, or of the task that the study describes; empty for steadytune's tasks."""
    sampling_temperature: float | None = None
    """The exponent by which several source languages are mixed, see ``Sampling``; ``None`` for all their examples."""
    selected_on: str = ""
    """Fingerprint of the source's dev set, if its scores select the checkpoint or the end of training."""
    selected_by: str = ""
    """``Task.scorer``, if dev scores select the checkpoint or the end of training."""
    course: tuple[str, ...] = ()
    """The trials whose weights this trial continued, each with its last step; empty for a plain trial.

    Only a scheduler that changes hyperparameters during a training makes such a trial, see ``harness.tuning.midway``.
    """

    task_file: str = field(default="", metadata=PLACE)
    """Path of the user's task file."""
    own_task: Own[Any] | None = field(default=None, metadata=PLACE)
    """The task that the study describes, with its labels. Its identity is ``task_code``."""
    encoder: str = field(metadata=PLACE)
    """Hub name or folder to load from. It is a location, so not part of the identity."""
    data: OwnData = field(metadata=PLACE)
    """Location of the data sets."""
    data_revision: str = field(default="", metadata=PLACE)
    """The hub's commit, if the data sets are on the hub."""
    dev_data: str = field(default="", metadata=PLACE)
    """Fingerprint of the source's dev set."""
    targets: tuple[str, ...] = field(metadata=PLACE)
    """Languages scored beside the source; they do not change the model."""
    test_data: Mapping[str, str] = field(metadata=PLACE)
    """Fingerprint of each scored test set, by language, including the source's."""
    trim_vocabulary: bool = field(default=True, metadata=PLACE)
    """See ``harness.encoders.trimmed_embedding``: it affects only time and memory."""
    shard: bool = field(default=False, metadata=PLACE)
    """Whether each process holds a part of the weights, see ``harness.training.parallel.shards``. It affects only time,
    memory and rounding."""

    def __post_init__(self) -> None:
        fields.coerce(self)

    @cached_property
    def id(self) -> str:
        """Content hash (16 hex digits) of the values that can change the fine-tuned model, and of nothing else."""
        places = {f.name for f in dataclasses.fields(self) if f.metadata.get("place")}
        rest = {name: value for name, value in fields.chosen(self).items() if name not in places}
        numerics = NUMERICS if self.precision == "fp32" else NUMERICS_16_BIT
        # An ``init_seed`` or ``data_seed`` that equals the run's seed makes no other model.
        setting = {
            name: value
            for name, value in fields.chosen(self.setting).items()
            if not (name in SEEDS and value == self.seed)
        }
        return digest({"numerics": numerics, **rest, "method": self.method.identity(), "setting": setting})

    @property
    def own_files(self) -> dict[str, str]:
        """The files of users' code that the trial needs, each with the name of its variable, or ``""`` for a method."""
        methods = {part.file: "" for part in self.method.parts if isinstance(part, OwnMethod)}
        return own_files(self.task_file, self.own_task) | methods

    def to_json(self) -> dict[str, Any]:
        given = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        # Older versions refuse a field that they do not know.
        for name in ("own_task", "sampling_temperature", "processes", "course", "shard"):
            if given[name] == getattr(type(self), name):
                given.pop(name)
        if self.own_task is not None:
            given |= {"own_task": self.own_task.to_json(), "data": data_json(self.data)}
        return {**given, "method": self.method.to_json(), "setting": self.setting.to_json()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "TrialConfig":
        given = dict(values)
        given["method"] = method_from(given["method"], "method")
        given["setting"] = Setting.from_json(given["setting"])
        if given.get("own_task") is not None:
            given |= {"own_task": own_task(given["own_task"], "task"), "data": own_data(given["data"], "data")}
        return fields.build(cls, "trial", given)


def seeding(seed: int, replicate: int) -> str:
    """The seed and, for a rerun, its number, as lists of trials show them."""
    return f"seed={seed}" + (f" replicate={replicate}" if replicate else "")
