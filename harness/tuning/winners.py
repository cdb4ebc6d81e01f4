"""A search's winners as a new study, and the file of this study."""

import json
from dataclasses import replace
from pathlib import Path

import yaml

from harness.common import fields, yaml_files
from harness.common.errors import UserError, bad, reason
from harness.data.origin import absolute
from harness.study import MAX_NAME, Arm, Study
from harness.tasks import TaskName, file_of, is_file
from harness.tuning.journal import Journal, winner

WINNERS = "-winners"
"""Suffix of the name of the winners' study."""
QUESTION = "How do the methods compare over seeds, each at the best setting that the search {name} found for it?"
"""Question of the winners' study."""


def check_name(study: Study) -> None:
    """Refuse a study if the name of its winners' study would be too long."""
    if len(study.name) + len(WINNERS) > MAX_NAME:
        raise bad(
            "name",
            study.name,
            f"at most {MAX_NAME - len(WINNERS)} characters: the name of the winners' study adds {WINNERS!r}",
        )


def winners_study(study: Study, journal: Journal) -> Study:
    """Every method at its own best setting, over all seeds of the study. The search used only the first seed.

    Raises ``UserError`` if a method has no finished trial.
    """
    arms = []
    for arm in study.arms:
        label = arm.method.arm.label
        best = winner(journal.of(label), label, sign=journal.measure.sign)
        if best is None:
            raise UserError(f"--write: no trial of {label} has finished, so it has no best setting")
        own = arm.seeds if arm.seeds != study.seeds else None
        arms.append(Arm(method=arm.method.located(absolute), settings=(best.setting,), seeds=own))
    settings = arms[0].settings
    assert settings is not None
    return replace(
        study,
        name=study.name + WINNERS,
        question=QUESTION.format(name=study.name),
        reproduces="",
        task=_placed(study.task),
        encoder=absolute("encoder", study.encoder),
        data=absolute("data", study.data) if isinstance(study.data, str) else study.data,
        methods=tuple(arms),
        settings=settings,
        search=None,
    )


def _placed(task: TaskName) -> TaskName:
    """A task, with the full path if the task is a user's file."""
    return str(file_of(task).resolve()) if isinstance(task, str) and is_file(task) else task


def check_writable(study: Study, file: Path) -> None:
    """Refuse a path without a YAML suffix or a folder, or a file with other content than this search's winners."""
    if file.suffix not in (".yaml", ".yml") or not file.resolve().parent.is_dir():
        raise bad("--write", str(file), "a .yaml file in a folder that exists")
    if file.exists() and not _has_winners(study, file):
        raise bad(
            "--write",
            str(file),
            f"a new file, or a file with the winners of {study.name}; this file has other content, which would be lost",
        )


def _has_winners(study: Study, file: Path) -> bool:
    try:
        found = yaml_files.read(file)
    except UserError:
        return False
    ours = {"name": study.name + WINNERS, "question": QUESTION.format(name=study.name)}
    return isinstance(found, dict) and found.items() >= ours.items()


def write(study: Study, file: Path) -> None:
    """Write a study as YAML without fields at their defaults. Raises ``UserError`` if the file cannot be written."""
    values = {name: value for name, value in study.to_json().items() if name in fields.chosen(study)}
    values["settings"] = [fields.chosen(setting) for setting in study.settings]
    values["methods"] = [arm.to_json(fields.chosen) for arm in study.own_arms]
    plain = json.loads(json.dumps(values))  # safe YAML has no tuples
    text = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=140)
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"--write: {str(file)!r} cannot be written: {reason(error)}") from None
