"""An observer that keeps the begun and the ended trials of a run."""

from harness.study import TrialConfig


class Told:
    """The begun trials and the ended trials."""

    def __init__(self) -> None:
        self.begun: list[TrialConfig] = []
        self.over: list[TrialConfig] = []

    def started(self, config: TrialConfig) -> None:
        self.begun.append(config)

    def ended(self, config: TrialConfig) -> None:
        self.over.append(config)
