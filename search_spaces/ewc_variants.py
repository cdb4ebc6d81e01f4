"""``ewc-variants``: does the source language's Fisher information help ewc, added or mixed in?

A small version of the paper's Table 15: part-of-speech tagging on the embedded encoder and data, to German and Hindi,
three seeds, at the quickstart's third learning rate. About six minutes on two cores.

All methods have the same λ, as in the paper's table. If the mixed text's λ were twice the λ of the added penalties, the
two methods would differ only in their passages.
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
