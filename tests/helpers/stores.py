"""This helper makes the result of a trial without training."""

from harness.store.result import Scored, TrialResult
from tests.helpers.studies import CONFIG


def result(score: float = 50.0) -> TrialResult:
    """This result has the same score in every language."""
    tests = {"en": "1", "de": "2"}
    scored = [
        Scored("test", language, [[1, 2], [3]], [[1, 2], [-1]], {"f1": score}, 10.0, 0.0, test)
        for language, test in tests.items()
    ]
    scores = {
        "dev": {},
        "test": {language: {"f1": score, "examples": 2, "fingerprint": test} for language, test in tests.items()},
    }
    cost = {"seconds": 1.0, "steps": 3, "tokens_per_second": 9.0, "peak_memory_mib": {"resident": 1.0}}
    made = {"packages": {"none": "0"}, "git": {"commit": "0", "dirty": False}}
    provenance = {"python": "3", "platform": "none", "device": "none", "threads": 1, **made}
    rest = {
        "metric": "f1",
        "zero_shot": score,
        "collapsed": False,
        "diverged": False,
        "cost": cost,
        "provenance": provenance,
    }
    return TrialResult({"config": CONFIG.to_json(), "scores": scores, **rest}, [{"step": 1, "loss": score}], scored)
