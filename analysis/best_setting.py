"""Each method's best setting, chosen on the source language alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.frame import Results


@dataclass(frozen=True)
class BestSetting:
    """A method at the setting with the highest mean over its complete runs of the source's dev score, or of the test score where the
    results have no dev scores. No target language is looked at."""

    method: str
    setting: str
    """Empty where no run of the method is complete."""
    tried: int
    """How many settings have a complete run."""
    selected_on: str
    """``dev`` or ``test``."""
    runs: pd.DataFrame
    """The method's runs at that setting, as in ``Results.runs``."""

    @classmethod
    def of(cls, results: Results, method: str) -> "BestSetting":
        """The best setting of a method; of several that are equally good the first."""
        runs = results.runs[results.runs["method"] == method]
        complete = runs[runs["complete"]]
        column = "dev" if complete["dev"].notna().all() and len(complete) else "source"
        means = complete.groupby("setting", sort=False)[column].mean()
        order = [setting for setting in results.settings_met if setting in means.index]
        setting = str(means[order].idxmax()) if order else ""
        return cls(method, setting, len(order), "dev" if column == "dev" else "test", runs[runs["setting"] == setting])


def split_of(found: Sequence[BestSetting]) -> str:
    """The split whose scores chose: ``test`` where any method that has a complete run lacks dev scores."""
    return "dev" if all(best.selected_on == "dev" for best in found if best.setting) else "test"


def selection_note(found: Sequence[BestSetting], source: str) -> str:
    """On what the settings were chosen."""
    split, why = split_of(found), ""
    if split == "test":
        why = ", as the results have no dev scores"
    return (
        f"Each method's setting is the one with the highest mean {source} {split} score over seeds{why}; no target language is looked at."
    )
