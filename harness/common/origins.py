"""What of the origins of several results can change a score: one set of facts for all, so that they can be compared.

A commit changes with the documentation too, so the code is known by its hash where every record has one. Names of
machines, times and Python's version change no score and are no facts.
"""

from collections.abc import Sequence

from harness.common.provenance import Provenance, Software

Facts = dict[str, str]
"""Values by what they are of."""
ABSENT = "none"
"""The version of a package that is not installed."""
SELF = "steadytune"


def software_facts(origins: Sequence[Software]) -> list[Facts]:
    """Of each origin its code and its packages' versions, under the same names for all."""
    packages = dict.fromkeys(name for origin in origins for name in origin.packages if name != SELF)
    hashed = all(origin.code for origin in origins)
    return [
        {"code": f"hash {origin.code[:12]}" if hashed else commit(origin)}
        | {name: origin.packages.get(name, ABSENT) for name in packages}
        for origin in origins
    ]


def facts(origins: Sequence[Provenance]) -> list[Facts]:
    """The same with the machine: platform and device, and on a CPU the kind of processor and the number of threads, by
    which sums are rounded."""
    machines: list[Facts] = []
    for origin in origins:
        machine = {"device": origin.device, "platform": origin.platform}
        if origin.device.startswith("cpu"):
            machine |= {"threads": str(origin.threads), "processor": origin.processor}
        machines.append({name: value for name, value in machine.items() if value})
    shared = _shared(machines)
    return [
        {name: machine[name] for name in shared} | software
        for machine, software in zip(machines, software_facts(origins), strict=True)
    ]


def commit(origin: Software) -> str:
    """The commit of the code, or its version where it is an installed package."""
    if origin.git is None:
        return f"version {origin.packages.get(SELF, 'unknown')}"
    return f"commit {origin.git.commit[:12]}{' with uncommitted changes' if origin.git.dirty else ''}"


def _shared(found: Sequence[Facts]) -> list[str]:
    """The names that all have: of an older record a fact may not be known."""
    return [name for name in found[0] if all(name in other for other in found)] if found else []
