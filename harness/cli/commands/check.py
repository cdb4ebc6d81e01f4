"""``check``: the contents of a study's data, before training."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.cli.commands import exit_codes
from harness.cli.options.study import scaled_study, scaling_options, study_argument
from harness.common.console import NO_BREAK, filled, table, tell

if TYPE_CHECKING:
    from harness.checks.example_check import Part, SubWords
    from harness.study import Study

MOST = 4
"""Largest number of a part's labels in one line."""
EXCERPT = 300
"""Largest number of an example's characters in the output."""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command and its options."""
    command = commands.add_parser(
        "check",
        help="show the contents of a study's data",
        description="Show a study's data by split and language: examples, labels, overlap with the training data, "
        "scripts and lengths in sub-words. Also show the first examples as the model reads them. Warn of likely "
        "faults.",
    )
    study_argument(command)
    scaling_options(command)
    command.set_defaults(command=check)


def check(options: argparse.Namespace) -> int:
    from harness.checks import example_check
    from harness.data.origin import Origin
    from harness.encoders import loading, pinning
    from harness.execution import preflight
    from harness.execution.plan import plan

    study = scaled_study(options)
    trials = plan(study)
    origin, max_length = Origin.of(trials[0]), min(trial.setting.max_length for trial in trials)
    tokenizer = loading.tokenizer(pinning.pinned(trials[0].encoder, trials[0].encoder_revision))
    parts = example_check.parts_of(origin, study.source, study.targets)
    read = [example_check.sub_words(origin, part.split, part.language, tokenizer, max_length) for part in parts]
    print(*filled(f"{study.name}: {study.title}, {study.source} to {' '.join(study.targets)}"), "", sep="\n")
    print(_examples(parts), "", _sub_words(parts, read, max_length), "", sep="\n")
    for part, words in zip(parts, read, strict=True):
        if part.split == "train" or (part.split == "test" and part.language == study.targets[0]):
            print(*filled(f"First of {part.name}: {_cut(words.first)}", "  "), sep="\n")
    print()
    for note in dict.fromkeys([*(note for part in parts for note in part.notes), *_mix(study, parts)]):
        tell(f"Note: {note}")
    told = [*preflight.warnings(trials), *_too_long(parts, read, max_length)]
    for line in told:
        tell(f"Warning: {line}.")
    if not told:
        print("No warnings.")
    return exit_codes.OK


def _examples(parts: "Sequence[Part]") -> str:
    rows = [
        [
            part.split,
            part.language,
            f"{part.examples:,}",
            _shares(part.labels),
            f"{part.seen:.1f}" if part.split != "train" else "",
            _shares(part.scripts, most=2),
        ]
        for part in parts
    ]
    header = ["split", "language", "examples", "labels (%)", "in training data (%)", "scripts (%)"]
    return "\n".join(table(header, rows))


def _sub_words(parts: "Sequence[Part]", read: "list[SubWords]", max_length: int) -> str:
    rows = [
        [part.split, part.language, str(words.median), str(words.most), f"{words.long:.1f}", f"{words.unknown:.1f}"]
        for part, words in zip(parts, read, strict=True)
    ]
    header = ["split", "language", "sub-words, median", "longest", f"over {max_length} (%)", "unknown (%)"]
    return "\n".join(table(header, rows))


def _mix(study: "Study", parts: "Sequence[Part]") -> list[str]:
    """A sentence on the mix of the source languages; empty without ``sampling``."""
    from harness.data import mixing

    if study.sampling is None:
        return []
    training = [part for part in parts if part.split == "train"]
    sizes, temperature = [part.examples for part in training], study.sampling.temperature
    shares = (
        f"{count:,} of {part.language} ({_drawn(part.examples, count)})"
        for part, count in zip(training, mixing.counts(sizes, temperature), strict=True)
    )
    return [f"at temperature {temperature:g} the {sum(sizes):,} training examples are {', '.join(shares)}."]


def _drawn(size: int, count: int) -> str:
    if count == size:
        return "all"
    return f"{'up' if count > size else 'down'}-sampled from {size:,}"


def _shares(shares: dict[str, float], most: int = MOST) -> str:
    shown = [f"{name}{NO_BREAK}{share:.0f}" for name, share in shares.items()]
    return ", ".join(shown[:most]) + (f", {len(shown) - most}{NO_BREAK}more" if len(shown) > most else "")


def _too_long(parts: "Sequence[Part]", read: "list[SubWords]", max_length: int) -> list[str]:
    """Warnings on parts with more than 5 % truncated examples."""
    return [
        f"{words.long:.0f} % of the examples of {part.name} have more than {max_length} sub-words, and lose their ends"
        for part, words in zip(parts, read, strict=True)
        if words.long > 5 and not words.windowed
    ]


def _cut(text: str) -> str:
    return text if len(text) <= EXCERPT else f"{text[: EXCERPT - 1]}…"
