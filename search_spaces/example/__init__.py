"""Studies at full depth: does a pull towards the pretrained weights steady zero-shot scores?

The whole multilingual-e5-small (12 layers) is fine-tuned on English at 8 settings with 2 seeds. There are six methods:
vanilla, l2 of two strengths, decoupled_l2, and bitfit and lora, the field's alternatives.

- **Settings**: a Sobol sequence over learning rate, warmup and length. The rates go from a tenth to ten times 2e-4.
  This is ten times the paper's rate, as in ``short/sensitivity-udpos-tenfold``: a training of 100 to 200 steps of 16
  sentences learns little at the paper's own rate. bitfit and lora have ten times these rates, because few weights
  need larger steps (Table 16 of the paper also gives the frozen methods higher rates). So runs of these two have no
  partner with vanilla's setting, and the report compares them unpaired.
- **λ of l2**: 0.01 and 0.1, from ``example/strength-*``, by the English dev score alone.
- **Data**: the first 100 sentences of each test set and the first 300 of dev, as ``python -m harness.readers.cut``
  writes them. The training uses all sentences.
"""

from dataclasses import replace

from harness import designs
from harness.methods import L2, Bitfit, DecoupledL2, Lora, Method, Vanilla
from harness.ranges import loguniform, randint
from harness.study import Arm, Setting

ENCODER = "intfloat/multilingual-e5-small"
DATA = "~/xtreme-cut"
"""The folder that ``python -m harness.readers.cut`` writes."""
SEEDS = (0, 1)
SETTINGS: tuple[Setting, ...] = designs.sobol(
    points=8,
    seed=0,
    learning_rate=loguniform(2e-5, 2e-3),
    warmup_steps=randint(0, 31),
    max_steps=randint(100, 201),
    batch_size=16,
)
FROZEN_SETTINGS = tuple(
    replace(setting, learning_rate=float(f"{10 * setting.learning_rate:.6g}")) for setting in SETTINGS
)
"""The settings of methods that freeze most weights."""
METHODS: tuple[Method | Arm, ...] = (
    Vanilla(),
    L2(strength=0.01),
    L2(strength=0.1),
    DecoupledL2(strength=10.0),
    Arm(method=Bitfit(), settings=FROZEN_SETTINGS),
    Arm(method=Lora(), settings=FROZEN_SETTINGS),
)
