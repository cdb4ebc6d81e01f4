"""``stability``: methods against unstable fine-tuning, from the papers that propose them.

Part-of-speech tagging on the embedded encoder and data, 60 steps, two seeds, at the quickstart's best learning rate and
at its extreme rate.

Constants are from the papers, with five exceptions. For recadam, γ times the first rate is 0.1, as in the paper, and t₀
is a sixth of the steps. For smart, the radius is a thousand times the paper's, the step ten times, and the noise a
hundred times, to move the outputs visibly. The study is a demonstration on small data, not evidence.
"""

from harness.methods import L2, ChildTuning, RDrop, RecAdam, Smart, TopLayerReinit, Vanilla
from harness.study import Setting, Study

STUDY = Study(
    name="stability",
    question="Which methods against unstable fine-tuning keep the scores at an extreme learning rate?",
    task="udpos",
    methods=(
        Vanilla(),
        L2(strength=0.05),
        RDrop(strength=1.0),
        Smart(strength=1.0, radius=0.01, step=0.01, noise=0.001),
        RecAdam(strength=100.0, rate=0.5, middle=10.0),
        ChildTuning(probability=0.3),
        TopLayerReinit(layers=1),
    ),
    settings=tuple(Setting(learning_rate=rate, warmup_steps=6, max_steps=60, batch_size=16) for rate in (1e-3, 6e-3)),
    seeds=(0, 1),
    targets=("ar", "de", "es", "fi", "fr", "hi", "ja", "ru", "tr", "vi", "zh"),
    precision="fp32",
)
