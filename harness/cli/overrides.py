"""A study changed on the command line, for example scaled down or moved to another encoder.

Imports neither torch nor Ray.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.cli.override_values import merged, value_of, with_values
from harness.common import fields, sources
from harness.common.errors import UserError, bad, unknown
from harness.methods import METHODS, Composed, Ewc, Method, OwnMethod
from harness.setting import Setting, unknown_field
from harness.study import Arm, Study
from harness.tasks import Own, TaskName, task_named

OF_STUDY = ("task", "encoder", "data", "source", "precision", "checkpoint", "trim_vocabulary", "replicates")
"""Fields of a study that ``--set`` changes, in addition to fields of settings and methods."""
SELECTIONS = ("paper", "xtreme", "all")
OPTIONS = {"targets": "--languages de hi", "languages": "--languages de hi", "seeds": "--seeds 0 1"}


@dataclass(frozen=True)
class Words:
    """Names of the options in messages."""

    change: str = "--set"
    targets: str = "--languages"


@dataclass(frozen=True)
class _Changes:
    """The changes that the command line asks for, by their place in a study."""

    study: dict[str, Any]
    """Values of the study's own fields."""
    settings: dict[str, str]
    """Fields of all settings, as written."""
    options: dict[str, dict[str, str]]
    """Options of methods as written, by kind of method."""


def scaled(
    study: Study,
    *,
    changes: Sequence[str] = (),
    languages: Sequence[str] | None = None,
    seeds: Sequence[int | str] | None = None,
    limit_train: int | str | None = None,
    words: Words = Words(),
) -> tuple[Study, list[str]]:
    """The study with some of its fields changed, and notes on the changes.

    Settings and methods that become the same are merged. A method without a model for any of the languages is left out.
    The study keeps its name. Raises ``UserError`` for a change that is not possible.

    Args:
        changes: Texts ``FIELD=VALUE``. FIELD is one of ``OF_STUDY`` or a field of all settings, including methods' own
            settings. It may also be an option of all methods of a kind, such as ``l2.strength``. A factor multiplies
            each setting's own number: ``learning_rate=10x``.
        languages: The target languages, or one of ``SELECTIONS``.
        seeds: The seeds of every method.
        limit_train: Short for ``train_examples``.
        words: Names of the options in messages.
    """
    written = changes if limit_train is None else [*changes, f"train_examples={limit_train}"]
    asked = _asked(study, written, languages, seeds, words)
    notes: list[str] = []
    arms = _scaled_arms(study, asked, notes)
    if not arms:
        raise bad(words.targets, tuple(languages or ()), "languages that a method's models support")
    shared = any(arm.settings is None for arm in arms)
    settings = merged(study.settings, asked.settings, "", notes if shared else [])
    found = replace(study, methods=tuple(arm.bare for arm in arms), settings=settings, **asked.study)
    return found, notes


def _asked(
    study: Study,
    changes: Sequence[str],
    languages: Sequence[str] | None,
    seeds: Sequence[int | str] | None,
    words: Words,
) -> _Changes:
    """The changes, after a check of all their names."""
    written = _parsed(changes, words.change)
    kinds = {part.name: type(part) for arm in study.arms for part in arm.method.parts}
    for name in written:
        check_name(name, kinds, words.change)
    options: dict[str, dict[str, str]] = {kind: {} for kind in kinds}
    for name, value in written.items():
        kind, dot, option = name.partition(".")
        if dot:
            options[kind][option] = value
    of_settings = {name: value for name, value in written.items() if name in Setting.__dataclass_fields__}
    of_study: dict[str, Any] = {
        name: value_of(Study, name, value) for name, value in written.items() if name in OF_STUDY
    }
    task, source = of_study.get("task", study.task), of_study.get("source", study.source)
    if task != study.task:
        of_study["question"] = f"{study.question} (asked of {task})"  # the question may name the former task
    if languages is not None:
        of_study["targets"] = _targets(study, task, source, languages, words.targets)
    if seeds is not None:
        of_study["seeds"] = tuple(seeds)
    return _Changes(of_study, of_settings, options)


def _scaled_arms(study: Study, asked: _Changes, notes: list[str]) -> list[Arm]:
    """The study's arms with the changes, equal arms merged. ``notes`` gets a line on each merged or omitted arm."""
    labels: dict[Arm, list[str]] = {}
    for arm in study.own_arms:
        if (changed := _scaled_arm(arm, asked, notes)) is not None:
            labels.setdefault(changed, []).append(arm.method.arm.label)
    notes += [
        f"{len(before)} methods became one, {arm.method.arm.label}: {', '.join(before)}"
        for arm, before in labels.items()
        if len(before) > 1
    ]
    return list(labels)


def _scaled_arm(arm: Arm, asked: _Changes, notes: list[str]) -> Arm | None:
    """An arm with the changes; ``None`` if its models support none of the languages."""
    label = arm.method.arm.label
    method = _of_languages(arm.method, asked.study["targets"]) if "targets" in asked.study else arm.method
    if method is None:
        notes.append(f"{label} is left out: its models are for other languages")
        return None
    settings = merged(arm.settings, asked.settings, f"{label}: ", notes) if arm.settings is not None else None
    seeds = None if "seeds" in asked.study else arm.seeds
    return Arm(method=_with_options(method, asked.options), settings=settings, seeds=seeds)


def _parsed(changes: Sequence[str], option: str) -> dict[str, str]:
    """Values by field, as written."""
    asked: dict[str, str] = {}
    for change in changes:
        name, equals, value = change.partition("=")
        if not equals or not name.strip():
            raise bad(option, change, "FIELD=VALUE, such as max_steps=100")
        if name.strip() in asked:
            raise bad(option, name.strip(), "each field once")
        asked[name.strip()] = value.strip()
    return asked


def check_name(name: str, methods: Mapping[str, type[Method]], option: str) -> None:
    """Refuse an unknown field, and suggest the nearest known field."""
    kind, dot, field = name.partition(".")
    if name in OPTIONS:
        raise UserError(f"{option}: {name} has an option of its own, {OPTIONS[name]}")
    if not dot:
        if name not in OF_STUDY and name not in Setting.__dataclass_fields__:
            raise unknown_field(option, name, (*OF_STUDY, *Setting.__dataclass_fields__))
        return
    if kind not in methods:
        if kind in METHODS:
            raise UserError(
                f"{option}: the study has no method {kind!r}, so {name!r} would change nothing; it has "
                f"{', '.join(sorted(methods))}"
            )
        raise unknown(f"{option}: method", kind, methods)
    if methods[kind] is OwnMethod:
        raise UserError(f"{option}: {name} is an option of a method of your own; change it in the study's file")
    options = {one.name for one in dataclasses.fields(methods[kind])}
    if field not in options:
        raise unknown(f"{option}: option of {kind}", field, options)


def _targets(study: Study, name: TaskName, source: str, given: Sequence[str] | str, option: str) -> tuple[str, ...]:
    task = task_named(name)
    languages = (given,) if isinstance(given, str) else tuple(given)
    if isinstance(task, Own):  # its data defines its languages
        asked: Any = "all" if languages == ("all",) else languages
        return replace(study, source=source, targets=asked).targets
    if len(languages) == 1 and languages[0] in SELECTIONS:
        return tuple(language for language in task.selection(languages[0]) if language not in sources.parts(source))
    fields.once(option, languages)
    for language in languages:
        if language not in task.languages:
            raise unknown(f"{option} of task {task.name}", language, task.languages)
    return languages


def _of_languages(method: Method, targets: Sequence[str]) -> Method | None:
    """A method for only the target languages that its models support; ``None`` if one of its parts supports none."""
    if isinstance(method, Composed):
        parts = [_of_languages(part, targets) for part in method.methods]
        kept = tuple(part for part in parts if part is not None)
        return replace(method, methods=kept) if len(kept) == len(parts) else None
    if isinstance(method, Ewc) and method.languages:
        wanted = tuple(language for language in method.languages if language in targets)
        return replace(method, languages=wanted) if wanted else None
    return method


def _with_options(method: Method, options: Mapping[str, Mapping[str, str]]) -> Method:
    """A method with the options of its kind; a composed method with the options of its parts."""
    if isinstance(method, Composed):
        return replace(method, methods=tuple(_with_options(part, options) for part in method.methods))
    try:
        return with_values(method, options[method.name])
    except UserError as error:
        raise UserError(f"{method.name}: {error}") from None
