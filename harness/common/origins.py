"""Facts that can change a score, about the origins of results, under common names for comparison.

Git commits also change with the documentation, so the hash of the code is used if every record has one. Machine names,
times and Python's version change no score and are left out.
"""

from collections.abc import Sequence

from harness.common.provenance import Provenance, Software

Facts = dict[str, str]
"""Values of facts, by the name of the fact."""
ABSENT = "none"
"""The version of a package that is not installed."""
SELF = "steadytune"


def software_facts(origins: Sequence[Software]) -> list[Facts]:
    """The code and package versions of each origin, under the same names for all."""
    packages = dict.fromkeys(name for origin in origins for name in origin.packages if name != SELF)
    hashed = all(origin.code for origin in origins)
    return [
        {"code": f"hash {origin.code[:12]}" if hashed else commit(origin)}
        | {name: origin.packages.get(name, ABSENT) for name in packages}
        for origin in origins
    ]


def facts(origins: Sequence[Provenance]) -> list[Facts]:
    """As ``software_facts``, with the machine: platform, device, and a CPU's kind and number of threads.

    Kind and threads affect the rounding of sums.
    """
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
    """The commit of the code, or its version if the code is an installed package."""
    if origin.git is None:
        return f"version {origin.packages.get(SELF, 'unknown')}"
    return f"commit {origin.git.commit[:12]}{' with uncommitted changes' if origin.git.dirty else ''}"


def _shared(found: Sequence[Facts]) -> list[str]:
    """Names that all facts have; older records may lack some."""
    return [name for name in found[0] if all(name in other for other in found)] if found else []
