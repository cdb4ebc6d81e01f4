"""Fine-tuning methods by name.

A method is one file in this package and one line in ``METHODS``. A study's Python file imports the class from here.
"""

from harness.common import fields
from harness.common.errors import bad
from harness.common.registry import Registry
from harness.methods.adapter import Adapter as Adapter
from harness.methods.base import Method as Method
from harness.methods.bitfit import Bitfit as Bitfit
from harness.methods.child_tuning import ChildTuning as ChildTuning
from harness.methods.composed import Composed as Composed
from harness.methods.decoupled_l2 import DecoupledL2 as DecoupledL2
from harness.methods.ewc import Ewc as Ewc
from harness.methods.l2 import L2 as L2
from harness.methods.layer_freeze import LayerFreeze as LayerFreeze
from harness.methods.layerwise_decay import LayerwiseDecay as LayerwiseDecay
from harness.methods.lora import Lora as Lora
from harness.methods.mixout import Mixout as Mixout
from harness.methods.own import OwnMethod as OwnMethod
from harness.methods.rdrop import RDrop as RDrop
from harness.methods.recadam import RecAdam as RecAdam
from harness.methods.smart import Smart as Smart
from harness.methods.soft_prompt import SoftPrompt as SoftPrompt
from harness.methods.top_layer_reinit import TopLayerReinit as TopLayerReinit
from harness.methods.vanilla import Vanilla as Vanilla
from harness.methods.weight_averaging import WeightAveraging as WeightAveraging

METHODS: Registry[type[Method]] = Registry(
    {
        "vanilla": "harness.methods.vanilla:Vanilla",
        "l2": "harness.methods.l2:L2",
        "ewc": "harness.methods.ewc:Ewc",
        "bitfit": "harness.methods.bitfit:Bitfit",
        "soft_prompt": "harness.methods.soft_prompt:SoftPrompt",
        "adapter": "harness.methods.adapter:Adapter",
        "lora": "harness.methods.lora:Lora",
        "decoupled_l2": "harness.methods.decoupled_l2:DecoupledL2",
        "mixout": "harness.methods.mixout:Mixout",
        "layer_freeze": "harness.methods.layer_freeze:LayerFreeze",
        "layerwise_decay": "harness.methods.layerwise_decay:LayerwiseDecay",
        "weight_averaging": "harness.methods.weight_averaging:WeightAveraging",
        "child_tuning": "harness.methods.child_tuning:ChildTuning",
        "rdrop": "harness.methods.rdrop:RDrop",
        "recadam": "harness.methods.recadam:RecAdam",
        "smart": "harness.methods.smart:Smart",
        "top_layer_reinit": "harness.methods.top_layer_reinit:TopLayerReinit",
        "composed": "harness.methods.composed:Composed",
    }
)


def method_from(spec: object, where: str = "methods") -> Method:
    """A method from its JSON or YAML form.

    The form is a name, a mapping with ``name`` and the method's options, or a list of methods to compose. For a user's
    own method, it is the path of a ``.py`` file, or a mapping with ``file``. Raises ``UserError`` for any other form.
    """
    if isinstance(spec, Method):
        return spec
    if isinstance(spec, str) and spec.endswith(".py"):
        spec = {"file": spec}
    if isinstance(spec, str):
        spec = {"name": spec}
    if isinstance(spec, list | tuple):
        spec = {"name": Composed.name, "methods": spec}
    if isinstance(spec, dict) and not isinstance(spec.get("name", ""), str):
        raise bad(f"{where}: name", spec["name"], "text")
    if isinstance(spec, dict) and "file" in spec and spec.get("name") not in METHODS:
        return OwnMethod.from_json(spec, where)
    if not isinstance(spec, dict) or "name" not in spec:
        known = ", ".join(sorted(METHODS))
        raise bad(where, spec, f"a method's name, a .py file, or a mapping with 'name' and its options; known: {known}")
    options = dict(spec)
    name = options.pop("name")
    method = METHODS.find(where, name)
    if method is Composed and isinstance(options.get("methods"), list | tuple):
        options["methods"] = [method_from(part, where) for part in options["methods"]]
    return fields.build(method, f"{where}: {name}", options)
