"""Comparison of a study's present software with the software of its finished trials."""

from collections import Counter
from collections.abc import Sequence

from harness.common.origins import software_facts
from harness.common.provenance import Software, software


def changed(before: Sequence[Software]) -> str:
    """A sentence on code and packages that have changed since the finished trials; empty without changes.

    Only software is compared, because the workers' devices are not known before the workers start.
    """
    *found, now = software_facts([*before, software()])
    differ = sum(facts != now for facts in found)
    if not differ:
        return ""
    told = []
    for name in now:
        values = Counter(facts[name] for facts in found if facts[name] != now[name])
        if values:
            was = ", ".join(f"{value} in {count}" for value, count in values.most_common())
            told.append(f"{name} was {was} and is {now[name]}")
    trials = f"{differ} of {len(found)} finished trials {'was' if differ == 1 else 'were'}"
    return (
        f"{trials} made with other software than this run has: {'; '.join(told)}. The report's Provenance lists the "
        "methods of each version"
    )
