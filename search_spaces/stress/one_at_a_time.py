"""Stress studies of one hyperparameter each: which hyperparameters break fine-tuning, and does l2 help?

The studies are ``stress/warmup``, ``stress/epochs``, ``stress/batch``, ``stress/train-size`` and
``stress/label-noise``. Each varies one hyperparameter of the quickstart's third setting: vanilla and l2 at four values
with three seeds. That is 24 trials, about six minutes on two cores, and twice as long for ``stress/batch``.

The values go from the quickstart's value, or a close value, to a plain mistake:

- no warmup; a longer warmup; a warmup over most of the training, with the largest rate near its end;
- an epoch, which is 125 steps, and parts of an epoch down to 8 steps (the quickstart's 60 are just under a half);
- batches of 16 to 2, all over the same examples (0.48 epochs), so that a small batch makes more and noisier steps;
- all 2000 sentences down to 16, all for 60 steps of 16 sentences: with 16 sentences, each sentence is seen 60 times;
- up to six tags in ten replaced by a wrong tag.

Some values were tried with vanilla and one seed. F1 in English, and in German and Hindi:

- centre: 90.0 and 63.9;
- warmup of 50: 88.4 and 57.1;
- 16 steps: 86.7 and 65.6;
- 240 steps of 4 sentences: 83.8 and 47.8;
- 16 sentences: 72.5 and 52.8;
- six wrong tags in ten: 82.9 and 55.0.

No run collapsed; 8 steps and batches of 2 were not tried.
"""

from harness import designs
from harness.setting import Setting
from harness.study import Study
from search_spaces.stress import CENTRE, METHODS, SEEDS, TARGETS

PASS = {"learning_rate": CENTRE.learning_rate, "warmup_steps": CENTRE.warmup_steps}
"""Learning rate and warmup of the centre, for the studies whose length is in passes over the data."""


def stressed(name: str, question: str, settings: tuple[Setting, ...]) -> Study:
    """The study of a hyperparameter."""
    return Study(
        name=f"stress/{name}",
        question=question,
        task="udpos",
        methods=METHODS,
        settings=settings,
        seeds=SEEDS,
        targets=TARGETS,
        precision="fp32",
    )


STUDIES = (
    stressed(
        "warmup",
        "Does zero-shot tagging need a warmup, and what does a long one cost?",
        designs.one_at_a_time(CENTRE, warmup_steps=[0, 20, 50]),
    ),
    stressed(
        "epochs",
        "How little training is enough for zero-shot tagging?",
        designs.grid(**PASS, epochs=[1, 0.5, 0.125, 0.0625], batch_size=CENTRE.batch_size),
    ),
    stressed(
        "batch",
        "How small can batches be before zero-shot tagging suffers?",
        designs.grid(**PASS, epochs=0.48, batch_size=[16, 8, 4, 2]),
    ),
    stressed(
        "train-size",
        "How few sentences are enough for zero-shot tagging, and does a pull keep them from being learnt by heart?",
        designs.one_at_a_time(CENTRE, train_examples=[256, 64, 16]),
    ),
    stressed(
        "label-noise",
        "How many wrong tags does zero-shot tagging bear, with and without a pull?",
        designs.one_at_a_time(CENTRE, label_noise=[0.1, 0.3, 0.6]),
    ),
)
