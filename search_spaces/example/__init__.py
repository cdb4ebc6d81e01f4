"""Studies at full depth: does a pull towards the pretrained weights steady zero-shot scores?

The whole multilingual-e5-small (12 layers) is fine-tuned on English with 2 seeds. vanilla and l2 of two strengths have
16 settings. decoupled_l2, and bitfit and lora, the field's alternatives, have 8.

- **Settings**: a Sobol sequence over learning rate, warmup and length. The rates go from a tenth to ten times 2e-4.
  The middle rate is ten times the paper's, as in ``short/sensitivity-udpos-tenfold``. A training of 100 to 200 steps of
  16 sentences learns little at the paper's own rate. bitfit and lora have ten times these rates, because their few
  weights need larger steps. Table 16 of the paper also gives the frozen methods higher rates. So runs of these two have
  no partner with vanilla's setting, and the report compares them unpaired.
- **Number of settings**: the pilot was the first 8 settings with one seed, on PAN-X. ``steadytune plan`` then asked for
  8 pairs of runs in which one method alone collapses. 16 settings with 2 seeds have 8 runs above a rate of 7e-4, where
  vanilla collapsed in the pilot.
- **λ of l2**: two for each task, from ``example/strength-*``, by the English dev score alone.
- **Data**: the first 100 sentences of each test set and the first 300 of dev, as ``python -m harness.readers.cut``
  writes them. The training uses all sentences.
"""

from dataclasses import replace

from harness import designs
from harness.methods import L2, Bitfit, DecoupledL2, Lora, Vanilla
from harness.ranges import loguniform, randint
from harness.study import Arm, Setting, Study
from search_spaces.paper import TITLES, languages

ENCODER = "intfloat/multilingual-e5-small"
DATA = "~/xtreme-cut"
"""The folder that ``python -m harness.readers.cut`` writes."""
SEEDS = (0, 1)
LOOKS = 2
"""The results are looked at after the first 8 settings, and after all."""
SETTINGS: tuple[Setting, ...] = designs.sobol(
    points=16,
    seed=0,
    learning_rate=loguniform(2e-5, 2e-3),
    warmup_steps=randint(0, 31),
    max_steps=randint(100, 201),
    batch_size=16,
)
FIRST = SETTINGS[:8]
"""The settings of the pilot, and of decoupled_l2."""
FROZEN_SETTINGS = tuple(replace(setting, learning_rate=float(f"{10 * setting.learning_rate:.6g}")) for setting in FIRST)
"""The settings of methods that freeze most weights."""
OTHERS: tuple[Arm, ...] = (
    Arm(method=DecoupledL2(strength=10.0), settings=FIRST),
    Arm(method=Bitfit(), settings=FROZEN_SETTINGS),
    Arm(method=Lora(), settings=FROZEN_SETTINGS),
)
"""The methods that are here for comparison."""


def full_depth(task: str, strengths: tuple[float, float]) -> Study:
    """The study of a task and two λ of l2, with the paper's target languages."""
    return Study(
        name=f"example/{task}",
        question=f"{TITLES[task]}: does a pull towards the pretrained weights steady zero-shot scores over rate, "
        "warmup and length?",
        task=task,
        methods=(Vanilla(), *(L2(strength=strength) for strength in strengths), *OTHERS),
        settings=SETTINGS,
        seeds=SEEDS,
        targets=languages(task),
        looks=LOOKS,
        encoder=ENCODER,
        data=DATA,
        precision="bf16",
    )
