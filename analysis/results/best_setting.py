"""Each method's best setting, chosen on the source language alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.results.frame import Results

MAX_NAMED_SETTINGS = 4
"""Largest number of settings that a note names; a larger number is only counted."""


@dataclass(frozen=True)
class BestSetting:
    """A method's best setting, at which the source's dev score has the best mean over complete runs.

    If any complete run of any method lacks a dev score, the source's test score decides for all methods. Only settings
    with the most complete runs are candidates. A mean of fewer seeds may be high by chance, or because failed seeds are
    missing. No target language is used.
    """

    method: str
    setting: str
    """Empty if no complete run of the method has a source score."""
    tried: int
    """Number of settings with a complete run that has a source score."""
    left_out: tuple[str, ...]
    """Settings that are no candidates, because other settings of the method have more complete runs."""
    selected_on: str
    """``dev`` or ``test``."""
    runs: pd.DataFrame
    """The method's runs at the best setting, as in ``Results.runs``."""

    @classmethod
    def of(cls, results: Results, method: str) -> "BestSetting":
        """The best setting of a method; the first if several are equally good."""
        runs = results.runs[results.runs["method"] == method]
        complete = runs[runs["complete"]]
        every = results.runs[results.runs["complete"]]
        column = "dev" if every["dev"].notna().all() and len(complete) else "source"
        found = complete.dropna(subset=[column]).groupby("setting", sort=False)[column].agg(["mean", "size"])
        met = [setting for setting in results.settings_met if (runs["setting"] == setting).any()]
        ranked = [
            setting for setting in met if setting in found.index and found["size"][setting] == found["size"].max()
        ]
        left_out = tuple(setting for setting in met if setting not in ranked) if ranked else ()
        setting = str((results.measure.sign * found["mean"][ranked]).idxmax()) if ranked else ""
        return cls(
            method,
            setting,
            len(found),
            left_out,
            "dev" if column == "dev" else "test",
            runs[runs["setting"] == setting],
        )


def split_of(found: Sequence[BestSetting]) -> str:
    """The split whose scores selected the settings: ``test`` if any complete run lacks a dev score."""
    return "dev" if all(best.selected_on == "dev" for best in found if best.setting) else "test"


def selection_note(found: Sequence[BestSetting], results: Results) -> str:
    """A note on the score that selected the settings, and on the settings that were no candidates."""
    split, why = split_of(found), ""
    if split == "test":
        why = ", as not all runs have dev scores"
    mean = f"{results.measure.best} mean {results.source} {split} score over seeds"
    chosen = f"Each method is shown at its setting with the {mean}{why}; "
    return f"{chosen}no target language has a part in the choice.{_left_out(found)}"


def _left_out(found: Sequence[BestSetting]) -> str:
    lacking = {best.method: best.left_out for best in found if best.left_out}
    count = sum(map(len, lacking.values()))
    if not count:
        return ""
    if count > MAX_NAMED_SETTINGS:
        named = f"{count} settings of {len(lacking)} method{'s' * (len(lacking) > 1)}"
    else:
        named = "; ".join(f"{', '.join(settings)} of {method}" for method, settings in lacking.items())
    return f" Left out, having fewer complete runs than the method's other settings: {named}."
