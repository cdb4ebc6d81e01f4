"""``example/panx``: named entities, 14 target languages. 144 trials, about 100 minutes on two cores with bf16."""

from harness.study import Study
from search_spaces.example import DATA, ENCODER, LOOKS, METHODS, SEEDS, SETTINGS

STUDY = Study(
    name="example/panx",
    question="PAN-X: does a pull towards the pretrained weights steady zero-shot scores over rate, warmup and length?",
    task="panx",
    methods=METHODS,
    settings=SETTINGS,
    seeds=SEEDS,
    targets=("ar", "bg", "de", "el", "es", "fr", "hi", "ja", "ru", "sw", "tr", "ur", "vi", "zh"),
    looks=LOOKS,
    encoder=ENCODER,
    data=DATA,
    precision="bf16",
)
