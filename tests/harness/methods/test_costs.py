"""Numbers of trained parameters and extra memory in a method's record, against numbers computed here."""

from pathlib import Path

import pytest

from harness.execution.plan import plan
from harness.study import Study
from harness.training.trial import run_trial
from tests.helpers.fine_tuned import INNER, LABELS, LAYERS, POSITIONS, SAMPLES, STEPS, TYPES, VOCABULARY, WIDTH

MiB = 2**20


NORM = 2 * WIDTH
EMBEDDINGS = (VOCABULARY + POSITIONS + TYPES) * WIDTH + NORM
LAYER = 4 * (WIDTH**2 + WIDTH) + NORM + (WIDTH * INNER + INNER) + (INNER * WIDTH + WIDTH) + NORM
TOP = LABELS * WIDTH + LABELS
WHOLE = EMBEDDINGS + LAYERS * LAYER + TOP
BOTTLENECKS = LAYERS * 2 * (2 * WIDTH * 64 + 64 + WIDTH)
LOW_RANK = LAYERS * 2 * 8 * (WIDTH + WIDTH)
PROMPTS = 20 * WIDTH
COSTS = {
    "vanilla": (WHOLE, WHOLE),
    "l2": (WHOLE, WHOLE),
    "ewc": (WHOLE, WHOLE),
    "decoupled_l2": (WHOLE, WHOLE),
    "mixout": (WHOLE, WHOLE),
    "layerwise_decay": (WHOLE, WHOLE),
    "weight_averaging": (WHOLE, WHOLE),
    "bitfit": (WHOLE, WIDTH + LAYERS * (4 * WIDTH + WIDTH + INNER + WIDTH + WIDTH) + TOP),
    "soft_prompt": (WHOLE + PROMPTS, PROMPTS + TOP),
    "adapter": (WHOLE + BOTTLENECKS, BOTTLENECKS + (1 + 2 * LAYERS) * NORM + TOP),
    "lora": (WHOLE + LOW_RANK, LOW_RANK + TOP),
    "layer_freeze": (WHOLE, 2 * LAYER + TOP),
    **dict.fromkeys(("rdrop", "smart", "recadam", "child_tuning", "top_layer_reinit"), (WHOLE, WHOLE)),
}
"""Numbers of parameters and of trained parameters."""


@pytest.mark.parametrize("name", SAMPLES)
def test_a_record_has_the_trained_parameters_and_extra_memory(
    sentences: Path, encoder: str, cache: Path, name: str
) -> None:
    study = Study(
        name="small",
        task="udpos",
        methods=(SAMPLES[name],),
        settings=(STEPS,),
        seeds=(0,),
        targets=("de",),
        data=str(sentences),
        encoder=encoder,
    )
    cost = run_trial(plan(study)[0], cache=cache).record.cost
    assert (cost.parameters, cost.trained_parameters) == COSTS[name]
    rows = cost.trained_embeddings
    if name in ("bitfit", "soft_prompt", "adapter", "lora", "layer_freeze"):
        assert rows == 0
    else:
        assert 5 < rows < 30  # dogs, bark, digits and the markers of a sentence
    copy = 4 * (WHOLE - TOP - (VOCABULARY - rows) * WIDTH) / MiB
    """Memory of a copy of the trained weights with a θ*, in MiB."""
    extra = cost.extra_memory_mib
    exact = {
        "vanilla": 0.0,
        "bitfit": 0.0,
        "layer_freeze": 0.0,
        **dict.fromkeys(("layerwise_decay", "rdrop", "smart", "child_tuning", "top_layer_reinit"), 0.0),
        "soft_prompt": 4 * PROMPTS / MiB,
        "adapter": 4 * BOTTLENECKS / MiB,
        "lora": 4 * LOW_RANK / MiB,
        "weight_averaging": copy + 4 * TOP / MiB,
    }
    if name in exact:
        assert extra == pytest.approx(exact[name])
    elif name == "recadam":
        assert copy < extra <= 2.01 * copy
    elif name == "ewc":
        assert copy <= extra <= 2 * copy
    elif name == "mixout":
        assert 0 <= extra <= copy
    else:
        assert 0 < extra <= copy
