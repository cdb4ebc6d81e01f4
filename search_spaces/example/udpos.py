"""``example/udpos``: part-of-speech tags, the paper's 13 target languages. 144 trials, about three hours on two cores
with bf16.
"""

from harness.study import Study
from search_spaces.example import DATA, ENCODER, LOOKS, METHODS, SEEDS, SETTINGS

STUDY = Study(
    name="example/udpos",
    question="UDPOS: does a pull towards the pretrained weights steady zero-shot scores over rate, warmup and length?",
    task="udpos",
    methods=METHODS,
    settings=SETTINGS,
    seeds=SEEDS,
    targets=("ar", "bg", "de", "el", "es", "fr", "hi", "ja", "ru", "tr", "ur", "vi", "zh"),
    looks=LOOKS,
    encoder=ENCODER,
    data=DATA,
    precision="bf16",
)
