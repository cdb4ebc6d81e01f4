"""``methods``: the methods of the paper's Table 6, and others, each once and at its own learning rate.

The study ``stability`` has the methods against unstable fine-tuning.

Part-of-speech tagging on the embedded encoder and data, 60 steps, two seeds. About seven minutes on two cores.

Four methods have learning rates chosen by the English score of one seed. For bitfit and soft_prompt the best of 0.003,
0.01 and 0.03 was taken, for adapter and lora the best of 0.001, 0.003 and 0.01. The others have the quickstart's rates.
The study is a demonstration on small data, not evidence.
"""

from harness.methods import (
    L2,
    Adapter,
    Bitfit,
    Composed,
    DecoupledL2,
    Ewc,
    LayerFreeze,
    LayerwiseDecay,
    Lora,
    Method,
    Mixout,
    SoftPrompt,
    Vanilla,
    WeightAveraging,
)
from harness.study import Arm, Setting, Study


def at(learning_rate: float, method: Method) -> Arm:
    """A method at its own learning rate."""
    return Arm(
        method=method, settings=(Setting(learning_rate=learning_rate, warmup_steps=6, max_steps=60, batch_size=16),)
    )


STUDY = Study(
    name="methods",
    question="What does each way of fine-tuning do to the source and the zero-shot scores?",
    task="udpos",
    methods=(
        at(1e-3, Vanilla()),
        at(1e-3, L2(strength=0.05)),
        at(2e-3, Ewc(strength=10.0, languages=("de", "hi"))),
        at(1e-2, Bitfit()),
        at(3e-2, SoftPrompt(tokens=20)),
        at(1e-2, Adapter(size=64)),
        at(1e-2, Lora(rank=8)),
        at(1e-3, DecoupledL2(strength=10.0)),
        at(1e-3, Mixout(probability=0.5)),
        at(1e-3, LayerFreeze(layers=2)),
        at(1e-3, LayerwiseDecay(decay=0.7)),
        at(1e-3, Composed(methods=(L2(strength=0.05), LayerwiseDecay(decay=0.7)))),
        at(1e-3, WeightAveraging(steps=20)),
    ),
    settings=(Setting(learning_rate=1e-3, warmup_steps=6, max_steps=60, batch_size=16),),
    seeds=(0, 1),
    targets=("ar", "de", "es", "fi", "fr", "hi", "ja", "ru", "tr", "vi", "zh"),
    precision="fp32",
)
