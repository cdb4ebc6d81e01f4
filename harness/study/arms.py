"""Arms of a study: a method with settings or seeds of its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from harness import designs
from harness.common import fields
from harness.common.errors import UserError, bad
from harness.methods import Method, method_from
from harness.methods.own import own
from harness.setting import Setting


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One method, with settings or seeds of its own if they differ from the study's."""

    method: Method
    settings: tuple[Setting, ...] | None = None
    """``None`` for the study's settings."""
    seeds: tuple[int, ...] | None = None
    """``None`` for the study's seeds."""

    def __post_init__(self) -> None:
        fields.coerce(self)
        object.__setattr__(self, "method", own(self.method))
        if self.settings is not None:
            fields.once("settings", self.settings)
        if self.seeds is not None:
            check_seeds(self.seeds)

    @property
    def bare(self) -> "Method | Arm":
        """The method itself if it has no settings or seeds of its own, else the arm."""
        return self.method if self.settings is None and self.seeds is None else self

    def to_json(self, setting_form: Callable[[Setting], dict[str, Any]] = Setting.to_json) -> dict[str, Any]:
        """The form that ``arm_from`` reads; ``setting_form`` converts each setting."""
        given = self.method.to_json()
        if self.settings is not None:
            given["settings"] = [setting_form(setting) for setting in self.settings]
        if self.seeds is not None:
            given["seeds"] = self.seeds
        return given


class FullArm(NamedTuple):
    """One method with the settings and seeds of its trials."""

    method: Method
    settings: tuple[Setting, ...]
    seeds: tuple[int, ...]


def beside_arm(method: Method | Arm, folder: Path) -> Method | Arm:
    """A method with full paths of its files. Relative paths are taken from ``folder``."""
    if isinstance(method, Arm):
        return replace(method, method=method.method.beside(folder))
    return method.beside(folder)


def check_seeds(seeds: tuple[int, ...]) -> None:
    """Refuse an empty list, a repeated seed, and numbers that are not seeds."""
    fields.once("seeds", seeds)
    for seed in seeds:
        fields.seed("seeds", seed)


def arm_from(spec: object, where: str) -> Method | Arm:
    """A method from its YAML or JSON form, which may have ``settings`` and ``seeds`` beside the options."""
    if isinstance(spec, Arm):
        return spec
    if not isinstance(spec, Mapping) or not {"settings", "seeds"} & spec.keys():
        return method_from(spec, where)
    options = {name: value for name, value in spec.items() if name not in ("settings", "seeds")}
    own: dict[str, Any] = {"method": method_from(options, where)}
    if "settings" in spec:
        own["settings"] = settings_from(spec["settings"], f"{where}: settings")
    if "seeds" in spec:
        own["seeds"] = spec["seeds"]
    return fields.build(Arm, where, own)


def settings_from(specs: object, where: str) -> list[Setting]:
    """Settings from a list, or from a mapping that names a design."""
    if isinstance(specs, Mapping):
        return list(designs.settings_from(specs, where))
    return [
        spec if isinstance(spec, Setting) else Setting.from_json(spec, place) for place, spec in entries(specs, where)
    ]


def entries(values: object, where: str) -> list[tuple[str, Any]]:
    """The entries of a list, each with its place for messages. A place has the entry's number from 1, if the list has
    several entries.

    Raises ``UserError`` for anything but a list.
    """
    if values is None:
        raise UserError(f"{where}: the field is empty; give a list")
    if not isinstance(values, list | tuple):
        raise bad(where, values, "a list")
    if len(values) == 1:
        return [(where, values[0])]
    return [(f"{where}: entry {number}", value) for number, value in enumerate(values, start=1)]
