"""Inputs of all steps of a trial, resolved once."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.common import sources
from harness.common.hashing import check_unchanged
from harness.common.machine import memory
from harness.data import reading
from harness.data.origin import Origin
from harness.data.tokenised import Encoded, encoded
from harness.encoders import loading, pinning
from harness.encoders.loading import Pretrained
from harness.encoders.pinning import Encoder
from harness.methods import OwnMethod
from harness.study import TrialConfig
from harness.tasks import Examples, Task, code_fingerprint, task_named


@dataclass(frozen=True)
class TrialContext:
    """A trial's config with its task, encoder and examples, as found on this machine."""

    config: TrialConfig
    origin: Origin
    task: Task[Any]
    encoder: Encoder
    cache: Path
    """Folder that keeps tokenised data and Fisher diagonals between trials."""

    @classmethod
    def of(cls, config: TrialConfig, cache: Path) -> "TrialContext":
        """Find a trial's inputs.

        Raises ``UserError`` if a user's task or method or the encoder has changed since the trial was planned. The data
        is checked when it is tokenised.
        """
        origin = Origin.of(config)
        what = f"task: {config.task_file or config.task}"
        check_unchanged(what, code_fingerprint(origin.task), config.task_code)
        for part in config.method.parts:
            if isinstance(part, OwnMethod):
                part.check_code()
        encoder = pinning.pinned(config.encoder, config.encoder_revision)
        return cls(config, origin, task_named(origin.task), encoder, cache)

    @property
    def pretrained(self) -> Pretrained:
        """The encoder with the task's head, which all trials of a process share."""
        return loading.pretrained(self.encoder, self.origin.task)

    def encoded(self, split: str, language: str) -> Encoded:
        """A split (train, dev or test) of a language, from ``cache`` if it has been tokenised before.

        Raises ``UserError`` like ``tokenised.encoded``, for example if the data has changed since the trial was
        planned.
        """
        planned, max_length = self.fingerprint(split, language), self.config.setting.max_length
        return encoded(self.origin, split, language, planned, self.encoder, max_length, self.cache)

    def fingerprint(self, split: str, language: str) -> str:
        """The content hash of a split of a language when the trial was planned."""
        if split == "test":
            return self.config.test_data[language]
        planned = {"train": self.config.training_data, "dev": self.config.dev_data}[split]
        return planned if language == self.config.source else self._of_source(split, language, planned).fingerprint

    def sizes(self) -> list[int]:
        """The number of training examples of each source language.

        Raises ``UserError`` if the data has changed since the trial was planned.
        """
        planned = self.config.training_data
        return [len(self._of_source("train", language, planned)) for language in sources.parts(self.config.source)]

    def _of_source(self, split: str, language: str, planned: str) -> Examples[Any]:
        """The examples of one of several source languages, which are planned together."""
        source = reading.examples(self.origin, split, self.config.source)
        check_unchanged(f"data: the {split} data for {self.config.source!r}", source.fingerprint, planned)
        return reading.examples(self.origin, split, language)

    def tokenise(self) -> None:
        """Tokenise all data that ``cache`` lacks, and release the encoder's tokenizer.

        A process that finds all data in the cache never loads the tokenizer.
        """
        source, targets = self.config.source, self.config.targets
        self.encoded("train", source)
        for language in sources.parts(source):
            self.encoded("dev", language)
        for language in (*sources.parts(source), *targets):
            self.encoded("test", language)
        if loading.tokenizer.cache_info().currsize:
            loading.tokenizer.cache_clear()
            memory.trim()
