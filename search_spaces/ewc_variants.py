"""``ewc-variants``: does the source language's Fisher information help ewc, added or mixed in?

A small version of the paper's Table 15: part-of-speech tagging on the embedded encoder and data. The targets are German
and Hindi. There are three seeds, and the learning rate is the quickstart's third. About six minutes on two cores.

All ewc methods have the same λ, as in ``paper/ewc-variants``. With twice this λ, ``mix`` would differ from ``plus``
only in the passages behind the Fisher information.
"""

from harness.methods import L2, Ewc, Vanilla
from harness.study import Setting, Study

STUDY = Study(
    name="ewc-variants",
    question="Does the source language's Fisher information help ewc, as a second penalty or mixed into one?",
    task="udpos",
    methods=(
        Vanilla(),
        Ewc(strength=10.0),
        Ewc(strength=10.0, plus=("en",)),
        Ewc(strength=10.0, mix=("en",)),
        L2(strength=0.05),
    ),
    settings=(Setting(learning_rate=2e-3, warmup_steps=6, max_steps=60, batch_size=16),),
    seeds=(0, 1, 2),
    targets=("de", "hi"),
    precision="fp32",
)
