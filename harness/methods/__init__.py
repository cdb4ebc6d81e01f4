"""Fine-tuning methods by name. A method is one file here and one entry in ``METHODS``."""

from harness.common import fields
from harness.common.errors import bad, unknown
from harness.methods.adapter import Adapter
from harness.methods.base import Method
from harness.methods.bitfit import Bitfit
from harness.methods.composed import Composed
from harness.methods.decoupled_l2 import DecoupledL2
from harness.methods.ewc import Ewc
from harness.methods.l2 import L2
from harness.methods.layer_freeze import LayerFreeze
from harness.methods.layerwise_decay import LayerwiseDecay
from harness.methods.lora import Lora
from harness.methods.mixout import Mixout
from harness.methods.soft_prompt import SoftPrompt
from harness.methods.vanilla import Vanilla
from harness.methods.weight_averaging import WeightAveraging

METHODS: dict[str, type[Method]] = {
    method.name: method
    for method in (
        Vanilla,
        L2,
        Ewc,
        Bitfit,
        SoftPrompt,
        Adapter,
        Lora,
        DecoupledL2,
        Mixout,
        LayerFreeze,
        LayerwiseDecay,
        WeightAveraging,
        Composed,
    )
}

__all__ = [
    "L2",
    "METHODS",
    "Adapter",
    "Bitfit",
    "Composed",
    "DecoupledL2",
    "Ewc",
    "LayerFreeze",
    "LayerwiseDecay",
    "Lora",
    "Method",
    "Mixout",
    "SoftPrompt",
    "Vanilla",
    "WeightAveraging",
    "method_from",
]


def method_from(spec: object, where: str = "methods") -> Method:
    """A method from its JSON or YAML form: a bare name, a mapping with ``name`` and the method's options, or a list of
    methods that are composed."""
    if isinstance(spec, Method):
        return spec
    if isinstance(spec, str):
        spec = {"name": spec}
    if isinstance(spec, list | tuple):
        spec = {"name": Composed.name, "methods": spec}
    if not isinstance(spec, dict) or "name" not in spec:
        raise bad(
            where,
            spec,
            f"a method's name or a mapping with 'name' and its options; known: {', '.join(sorted(METHODS))}",
        )
    options = dict(spec)
    name = options.pop("name")
    if not isinstance(name, str) or name not in METHODS:
        raise unknown(where, name, METHODS)
    if name == Composed.name and isinstance(options.get("methods"), list | tuple):
        options["methods"] = [method_from(part, where) for part in options["methods"]]
    return fields.build(METHODS[name], f"{where}: {name}", options)
