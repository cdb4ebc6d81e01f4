"""The peer: a grid of fine-tunings by a careful user without steadytune, with Ray Tune and ``transformers.Trainer``.

    python -m tests.benchmarks.peer_recipe JOB.json RESULTS.json

It imports nothing of ``harness``. ``tests.benchmarks.study_speed`` writes the job, times the process and reads the
results. ``Job`` documents a job's fields. Every trial tokenises, loads the encoder, trains and predicts, as in the
guides of both libraries.

Savings that need only care are included. Imports wait for the trial, and a trial has as many threads as cores. Nothing
is logged, saved or evaluated while training, and the optimizer is fused. Predictions are reduced to labels on the way,
and Tune writes to a scratch folder. Savings that need more are left out: no trimmed vocabulary, no sorting by length,
no packing, nothing kept between trials, and the penalty through autograd. CPU only.
"""

import argparse
import json
import os
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Job:
    """The fields that all trials of a job share, and the fields of each trial."""

    encoder: str
    """Folder of the encoder and its tokenizer."""
    data: str
    """Folder with ``train-XX.tsv``, ``dev-XX.tsv`` and ``test-XX.tsv``: one ``word<TAB>tag`` per line, blank lines
    between sentences."""
    labels: list[str]
    source: str
    targets: list[str]
    max_steps: int
    warmup_steps: int
    batch_size: int
    max_length: int
    schedule: str
    """A name from ``transformers``."""
    weight_decay: float
    max_grad_norm: float
    bf16: bool
    eval_batch_size: int
    cpus_per_trial: int
    reuse_actors: bool
    """Whether a worker continues with the next trial (``TuneConfig.reuse_actors``), which is not Tune's default."""
    trials: list[dict[str, Any]]
    """``strength`` of the pull towards the pretrained weights, ``learning_rate`` and ``seed`` of each trial.

    The strength is λ of λ/2 Σ (θ − θ*)²; 0 for none. Other fields are passed on to the results.
    """


def run_trial(config: dict[str, Any]) -> None:
    """The Tune trainable.

    Reports scores in points, times in seconds since the epoch, durations in seconds, and the peak of resident memory in
    MiB.
    """
    times = {"began": time.time()}
    reset_peak()

    import torch
    from datasets import Dataset
    from ray import tune
    from seqeval.metrics import f1_score
    from transformers import (
        AutoModelForTokenClassification,
        AutoTokenizer,
        DataCollatorForTokenClassification,
        Trainer,
        TrainerCallback,
        TrainingArguments,
        set_seed,
    )

    job, trial = Job(**config["job"]), config["trial"]
    torch.set_num_threads(job.cpus_per_trial)
    set_seed(trial["seed"])
    tokenizer = AutoTokenizer.from_pretrained(job.encoder)
    ids = {label: i for i, label in enumerate(job.labels)}

    def tokenised(split: str, language: str) -> Dataset:
        """Tokenise a split; only the first sub-word of a word has a label."""

        def encode(batch: dict[str, Any]) -> Any:
            encoded = tokenizer(batch["words"], is_split_into_words=True, truncation=True, max_length=job.max_length)
            encoded["labels"] = []
            for row, tags in enumerate(batch["tags"]):
                words = encoded.word_ids(row)
                firsts = [
                    word is not None and word != before for before, word in zip([None, *words], words, strict=False)
                ]
                encoded["labels"].append(
                    [ids[tags[word]] if first else -100 for word, first in zip(words, firsts, strict=True)]
                )
            return encoded

        rows = Dataset.from_list(sentences(Path(job.data) / f"{split}-{language}.tsv"))
        return rows.map(encode, batched=True, remove_columns=["words", "tags"])

    def prefixed(tag: str) -> str:
        """The tag as XTREME's seqeval 0.0.12 reads it; today's would cut its first letter off."""
        return f"{tag[0] if tag[0] in 'BES' else 'I'}-{tag}"

    def f1(prediction: Any) -> dict[str, float]:
        kept = prediction.label_ids != -100
        gold, guessed = (
            [[prefixed(job.labels[i]) for i in row[mask]] for row, mask in zip(rows, kept, strict=True)]
            for rows in (prediction.label_ids, prediction.predictions)
        )
        return {"f1": 100 * f1_score(gold, guessed, zero_division=0)}

    train = tokenised("train", job.source)
    tests = {("dev", job.source): tokenised("dev", job.source)}
    tests |= {("test", language): tokenised("test", language) for language in (job.source, *job.targets)}
    # In fp32 from any file: transformers 5 would keep a float16 file's weights in float16.
    model = AutoModelForTokenClassification.from_pretrained(
        job.encoder, num_labels=len(job.labels), dtype=torch.float32
    )
    anchor = {name: p.detach().clone() for name, p in model.base_model.named_parameters()} if trial["strength"] else {}

    class PullTrainer(Trainer):
        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            loss, outputs = super().compute_loss(
                model, inputs, return_outputs=True, num_items_in_batch=num_items_in_batch
            )
            if anchor and model.training:
                pull = sum((p - anchor[name]).square().sum() for name, p in model.base_model.named_parameters())
                loss = loss + trial["strength"] / 2 * pull
            return (loss, outputs) if return_outputs else loss

    class FirstStep(TrainerCallback):
        def on_step_begin(self, *args: Any, **rest: Any) -> None:
            times.setdefault("first_step", time.time())

    with tempfile.TemporaryDirectory() as scratch:
        trainer = PullTrainer(
            model=model,
            args=TrainingArguments(
                output_dir=scratch,
                learning_rate=trial["learning_rate"],
                max_steps=job.max_steps,
                warmup_steps=job.warmup_steps,
                lr_scheduler_type=job.schedule,
                per_device_train_batch_size=job.batch_size,
                per_device_eval_batch_size=job.eval_batch_size,
                weight_decay=job.weight_decay,
                max_grad_norm=job.max_grad_norm,
                seed=trial["seed"],
                bf16=job.bf16,
                use_cpu=True,
                optim="adamw_torch_fused",
                logging_strategy="no",
                save_strategy="no",
                eval_strategy="no",
                report_to=[],
                disable_tqdm=True,
                # making a batch from memory takes less time than passing the batch between processes
                dataloader_num_workers=0,
                dataloader_pin_memory=False,
            ),
            train_dataset=train,
            data_collator=DataCollatorForTokenClassification(tokenizer),
            processing_class=tokenizer,
            compute_metrics=f1,
            preprocess_logits_for_metrics=lambda logits, labels: logits.argmax(-1),
            callbacks=[FirstStep()],
        )
        trainer.train()
        times["trained"] = time.time()
        scores = {key: trainer.predict(rows).metrics["test_f1"] for key, rows in tests.items()}
        times["ended"] = time.time()
    targets = [scores["test", language] for language in job.targets]
    tune.report(
        {
            **times,
            "worker": os.getpid(),
            "source": scores["test", job.source],
            "zero_shot": sum(targets) / len(targets),
            "steps": trainer.state.global_step,
            "evaluation_seconds": times["ended"] - times["trained"],
            "examples": sum(map(len, tests.values())),
            "peak_mib": peak(),
        }
    )


REPORTED = (
    *("worker", "began", "first_step", "trained", "ended"),
    *("source", "zero_shot", "steps", "evaluation_seconds", "examples", "peak_mib"),
)


def sentences(file: Path) -> list[dict[str, list[str]]]:
    """``words`` and ``tags`` of each sentence in a file."""
    found = []
    for block in file.read_text(encoding="utf-8").strip("\n").split("\n\n"):
        pairs = [line.split("\t") for line in block.split("\n")]
        found.append({"words": [word for word, _ in pairs], "tags": [tag for _, tag in pairs]})
    return found


def reset_peak() -> None:
    """Start a new peak of this process's resident memory (Linux)."""
    Path("/proc/self/clear_refs").write_text("5")


def peak() -> float:
    """Peak of this process's resident memory in MiB since ``reset_peak``."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 2**10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("job", type=Path, metavar="JOB.json", help="the fields of Job")
    parser.add_argument(
        "results", type=Path, metavar="RESULTS.json", help="file to write: a list of each trial's fields and results"
    )
    options = parser.parse_args()

    import ray
    from ray import tune

    job = Job(**json.loads(options.job.read_text()))
    ray.init(address="local", include_dashboard=False, log_to_driver=False)
    with tempfile.TemporaryDirectory() as scratch:
        shared = {name: value for name, value in asdict(job).items() if name != "trials"} | {"trials": []}
        tuner = tune.Tuner(
            tune.with_resources(run_trial, {"cpu": job.cpus_per_trial}),
            param_space={"job": shared, "trial": tune.grid_search(job.trials)},
            tune_config=tune.TuneConfig(
                reuse_actors=job.reuse_actors, trial_dirname_creator=lambda trial: trial.trial_id
            ),
            run_config=tune.RunConfig(storage_path=scratch, name="grid", verbose=0),
        )
        grid = tuner.fit()
    if grid.errors:
        raise grid.errors[0]
    found = [{**result.config["trial"], **{name: result.metrics[name] for name in REPORTED}} for result in grid]
    options.results.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
