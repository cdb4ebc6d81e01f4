"""What would make every trial of a study fail, found before the first one runs."""

from harness import encoders, fisher, models, precision
from harness.data import Origin
from harness.masking import windows
from harness.resources import Resources
from harness.study import TrialConfig


def check(trials: list[TrialConfig], resources: Resources) -> None:
    """Raises ``UserError`` where the encoder or this machine's device cannot do what some trial asks. Loads no weights."""
    if resources.ray_address is None:  # a cluster's devices are not this machine's
        for word in {trial.precision for trial in trials}:
            precision.check(word, gpu=precision.gpu_here(resources.gpus))
    first = trials[0]
    models.check(
        encoders.pinned(first.encoder, first.encoder_revision),
        Origin.of(first).task,
        max(trial.setting.max_length for trial in trials),
        {trial.method.arm: trial.method for trial in trials}.values(),
    )
    for request in {request.name: request for trial in trials for request in fisher.requests(trial)}.values():
        windows(request.encoder, request.estimate, request.origin)  # a text may have too few
