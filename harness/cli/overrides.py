"""A study scaled down, or moved to another encoder, on the command line: the same question, asked of less.

Imports neither torch nor Ray.
"""

import dataclasses
import math
import typing
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from harness.common import fields, yaml_files
from harness.common.errors import UserError, bad, unknown
from harness.methods import METHODS, Composed, Ewc, Method
from harness.setting import INSTEAD, Setting
from harness.study import Arm, Study
from harness.tasks import task_named

OF_STUDY = ("task", "encoder", "data", "source", "precision", "checkpoint", "trim_vocabulary", "replicates")
"""Fields of a study that can be set; the fields of its settings and of its methods are the others."""
SELECTIONS = ("paper", "xtreme", "all")
OPTIONS = {"targets": "--languages de hi", "languages": "--languages de hi", "seeds": "--seeds 0 1"}

T = TypeVar("T")


def scaled(
    study: Study,
    *,
    changes: Sequence[str] = (),
    languages: Sequence[str] | None = None,
    seeds: Sequence[int | str] | None = None,
    limit_train: int | str | None = None,
) -> tuple[Study, list[str]]:
    """The study with some of its fields changed, and what a careful user would want to be told of that.

    ``changes`` are texts ``FIELD=VALUE``, FIELD one of ``OF_STUDY``, a field of all settings, methods' own among them,
    or an option of all methods of a kind, such as ``l2.strength``. A number of each setting's own may be multiplied:
    ``learning_rate=10x``. ``languages`` are the target languages, or one of ``SELECTIONS``; ``seeds`` those of every
    method; ``limit_train`` is ``train_examples``. Settings and methods that become the same are merged; a method whose
    models are for none of the languages is left out. The name stays. Raises ``UserError`` for what cannot be changed
    so, before anything of it is done.
    """
    asked = _parsed(changes if limit_train is None else [*changes, f"train_examples={limit_train}"])
    methods = {part.name: type(part) for arm in study.arms for part in arm.method.parts}
    for name in asked:
        _check_name(name, methods)
    options = {kind: {n.split(".", 1)[1]: v for n, v in asked.items() if n.startswith(f"{kind}.")} for kind in methods}
    of_settings = {name: value for name, value in asked.items() if name in Setting.__dataclass_fields__}
    of_study: dict[str, Any] = {name: _value(Study, name, value) for name, value in asked.items() if name in OF_STUDY}
    if of_study.get("task", study.task) != study.task:
        of_study["question"] = f"{study.question} (asked of {of_study['task']})"  # a question may name its task
    if languages is not None:
        of_study["targets"] = _targets(
            of_study.get("task", study.task), of_study.get("source", study.source), languages
        )
    if seeds is not None:
        of_study["seeds"] = tuple(seeds)

    notes: list[str] = []
    made: dict[Arm, list[str]] = {}
    for arm in (method if isinstance(method, Arm) else Arm(method=method) for method in study.methods):
        label = arm.method.arm.label
        kept = arm.method if languages is None else _of_languages(arm.method, of_study["targets"])
        if kept is None:
            notes.append(f"{label} is left out: its models are for other languages")
            continue
        own = _merged(arm.settings, of_settings, f"{label}: ", notes) if arm.settings is not None else None
        changed = Arm(method=_with_options(kept, options), settings=own, seeds=arm.seeds if seeds is None else None)
        made.setdefault(changed, []).append(label)
    if not made:
        raise bad("--languages", tuple(languages or ()), "some that a method's models are for")
    notes += [
        f"{len(labels)} methods became one, {arm.method.arm.label}: {', '.join(labels)}"
        for arm, labels in made.items()
        if labels[1:]
    ]
    shared = any(arm.settings is None for arm in made)
    settings = _merged(study.settings, of_settings, "", notes if shared else [])
    whole = tuple(arm.method if arm.settings is arm.seeds is None else arm for arm in made)
    found = replace(study, methods=whole, settings=settings, **of_study)
    return found, notes


def _parsed(changes: Sequence[str]) -> dict[str, str]:
    """Values by field, as they are written."""
    asked: dict[str, str] = {}
    for change in changes:
        name, equals, value = change.partition("=")
        if not equals or not name.strip():
            raise bad("--set", change, "FIELD=VALUE, such as max_steps=100")
        if name.strip() in asked:
            raise bad("--set", name.strip(), "each field once")
        asked[name.strip()] = value.strip()
    return asked


def _check_name(name: str, methods: Mapping[str, type[Method]]) -> None:
    """Refuse a field that there is not, with the nearest that there is."""
    kind, dot, option = name.partition(".")
    if name in OPTIONS:
        raise UserError(f"--set: {name} has an option of its own, {OPTIONS[name]}")
    if not dot:
        if name not in OF_STUDY and name not in Setting.__dataclass_fields__:
            raise unknown("--set", name, (*OF_STUDY, *Setting.__dataclass_fields__))
        return
    if kind not in methods:
        if kind in METHODS:
            raise UserError(
                f"--set: the study has no method {kind!r}, so {name!r} would change nothing; it has "
                f"{', '.join(sorted(methods))}"
            )
        raise unknown("--set: method", kind, methods)
    options = {field.name for field in dataclasses.fields(methods[kind])}
    if option not in options:
        raise unknown(f"--set: option of {kind}", option, options)


def _targets(name: str, source: str, languages: Sequence[str]) -> tuple[str, ...]:
    task = task_named(name)
    if len(languages) == 1 and languages[0] in SELECTIONS:
        return tuple(language for language in task.selection(languages[0]) if language != source)
    fields.once("--languages", tuple(languages))
    for language in languages:
        if language not in task.languages:
            raise unknown(f"--languages of task {task.name}", language, task.languages)
    return tuple(languages)


def _of_languages(method: Method, targets: Sequence[str]) -> Method | None:
    """A method with models for those of the target languages that it is for; ``None`` where it is for none of them."""
    if isinstance(method, Composed):
        parts = [_of_languages(part, targets) for part in method.methods]
        kept = tuple(part for part in parts if part is not None)
        return replace(method, methods=kept) if len(kept) == len(parts) else None
    if isinstance(method, Ewc) and method.languages:
        wanted = tuple(language for language in method.languages if language in targets)
        return replace(method, languages=wanted) if wanted else None
    return method


def _with_options(method: Method, options: Mapping[str, Mapping[str, str]]) -> Method:
    """A method, or the parts of a composed one, with the options of its kind."""
    if isinstance(method, Composed):
        return replace(method, methods=tuple(_with_options(part, options) for part in method.methods))
    try:
        return _replaced(method, options[method.name])
    except UserError as error:
        raise UserError(f"{method.name}: {error}") from None


def _merged(settings: Sequence[Setting], asked: Mapping[str, str], whose: str, notes: list[str]) -> tuple[Setting, ...]:
    """Settings with some fields changed, each once; ``notes`` is told where that makes them fewer."""
    changed = [_with_fields(setting, asked) for setting in settings]
    found = tuple(dict.fromkeys(changed))
    if len(found) < len(changed):
        notes.append(f"{whose}{len(changed)} settings became {len(found)}, as they differed in nothing but what is set")
    return found


def _with_fields(setting: Setting, asked: Mapping[str, str]) -> Setting:
    given = dict(asked)
    for name, other in INSTEAD.items():
        if name in given and other not in given and _value(Setting, name, given[name]) is not None:
            given[other] = "null"
    share = given.pop("warmup_steps") if given.get("warmup_steps", "").endswith("%") else None
    given |= {name: _times(setting, name, text) for name, text in given.items() if text.endswith("x")}
    made = _replaced(setting, given)
    return made if share is None else replace(made, warmup_steps=_warmup(share, made))


def _times(setting: Setting, name: str, text: str) -> str:
    """A number of a setting, multiplied as in ``10x``, as it would be written; text that multiplies nothing stays as it
    is."""
    own = getattr(setting, name)
    try:
        factor = float(text.removesuffix("x"))
    except ValueError:
        return text
    if isinstance(own, bool) or not isinstance(own, int | float):
        raise bad(name, text, f"a value: that of the study is {fields.short(own)}, and cannot be multiplied")
    made = own * factor
    return str(round(made)) if isinstance(own, int) and math.isfinite(made) else f"{made:.6g}"


def _warmup(share: str, setting: Setting) -> int:
    """The warmup steps that are a share, such as ``10%``, of a setting's steps."""
    try:
        percent = float(share.removesuffix("%"))
    except ValueError:
        percent = math.nan
    if not 0 <= percent <= 100:
        raise bad("warmup_steps", share, "a whole number of steps, or a share of them from 0% to 100%")
    if setting.max_steps is None:
        raise bad("warmup_steps", share, "a whole number of steps, or max_steps too: a share is of max_steps")
    return round(setting.max_steps * percent / 100)


def _replaced(made: T, asked: Mapping[str, str]) -> T:
    """A dataclass with fields as they are written on the command line; its own checks see to their types."""
    return replace(made, **{name: _value(type(made), name, text) for name, text in asked.items()}) if asked else made  # type: ignore[type-var]


def _value(cls: type, name: str, text: str) -> Any:
    """What is written, as YAML has it, but for fields that are text: there ``no`` is Norwegian, and 123 a name."""
    if typing.get_type_hints(cls)[name] is str:
        return text
    try:
        return yaml_files.parsed(text, name) if text else text
    except UserError:
        raise bad(name, text, "a value as YAML has it") from None
