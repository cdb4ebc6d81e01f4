"""Fine-tuning methods by name. A method is one file here and one entry in ``METHODS``."""

from harness import fields
from harness.errors import bad, unknown
from harness.methods.base import Method
from harness.methods.ewc import Ewc
from harness.methods.l2 import L2
from harness.methods.vanilla import Vanilla

METHODS: dict[str, type[Method]] = {method.name: method for method in (Vanilla, L2, Ewc)}

__all__ = ["L2", "METHODS", "Ewc", "Method", "Vanilla", "method_from"]


def method_from(spec: object, where: str = "methods") -> Method:
    """A method from its JSON or YAML form: a bare name, or a mapping with ``name`` and the method's options."""
    if isinstance(spec, Method):
        return spec
    if isinstance(spec, str):
        spec = {"name": spec}
    if not isinstance(spec, dict) or "name" not in spec:
        raise bad(where, spec, f"a method's name or a mapping with 'name' and its options; known: {', '.join(sorted(METHODS))}")
    options = dict(spec)
    name = options.pop("name")
    if not isinstance(name, str) or name not in METHODS:
        raise unknown(where, name, METHODS)
    return fields.build(METHODS[name], f"{where}: {name}", options)
