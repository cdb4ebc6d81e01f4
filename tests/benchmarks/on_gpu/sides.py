"""The trainers that ``tests.benchmarks.gpu`` compares. Log, precision and optimizer are the same."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

Build = Callable[[Any, Path], Any]
"""A trial and a cache in, a trainer out."""


def ours(trial: Any, cache: Path) -> Any:
    """The trainer of a trial."""
    from harness.data.context import TrialContext
    from harness.execution.gpu_sharing_probe import stand_in
    from harness.training.building import build_trainer

    context = TrialContext.of(trial, cache)
    stand_in(context)
    return build_trainer(context)


def padded(trial: Any, cache: Path) -> Any:
    """The trainer of a trial whose batches stay padded."""
    from unittest.mock import patch

    from harness.training import building

    with patch.object(building, "train_packed", lambda model: None):
        return ours(trial, cache)


def peer(trial: Any, cache: Path) -> Any:
    """The trainer of ``peer_recipe`` on a GPU: the whole vocabulary, padded batches, the penalty through autograd.

    Its penalty also takes a weight for each parameter, as ewc needs.
    """
    import torch
    import transformers
    from transformers import DataCollatorForTokenClassification, DataCollatorWithPadding, Trainer, TrainingArguments

    from harness.data.context import TrialContext
    from harness.data.subsets import training_rows
    from harness.encoders import loading
    from harness.execution.gpu_sharing_probe import stand_in
    from harness.fisher import diagonal_files, supply
    from harness.training.building import WINDOWS

    setting, method = trial.setting, trial.method
    context = TrialContext.of(trial, cache)
    encoder, of_tokens = context.encoder, context.task.name == "udpos"
    rows = training_rows(context)
    inputs = ("input_ids", "attention_mask", "token_type_ids", "labels")
    rows = rows.select_columns([name for name in rows.column_names if name in inputs])
    auto = getattr(transformers, context.task.auto_model)
    model = auto.from_pretrained(encoder.path, num_labels=len(context.task.labels), dtype=torch.float32)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model.to(device)
    stand_in(context)
    strength = getattr(method, "strength", 0.0)
    anchor = {name: p.detach().clone() for name, p in model.base_model.named_parameters()} if strength else {}
    stored = [diagonal_files.stored(request, cache) for request in supply.needed([trial])]
    weights = {name: stored[0][name].to(device) for name in anchor if name in stored[0]} if stored else None

    class PullTrainer(Trainer):
        tokens_seen: Any = 0

        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            self.tokens_seen += inputs["attention_mask"].sum()
            loss, outputs = super().compute_loss(
                model, inputs, return_outputs=True, num_items_in_batch=num_items_in_batch
            )
            if anchor:
                moved = {name: (p - anchor[name]).square() for name, p in model.base_model.named_parameters()}
                pulls = moved.values() if weights is None else (weights[name] * moved[name] for name in weights)
                loss = loss + strength / 2 * sum(pull.sum() for pull in pulls)
            return (loss, outputs) if return_outputs else loss

    collator = DataCollatorForTokenClassification if of_tokens else DataCollatorWithPadding
    return PullTrainer(
        model=model,
        args=TrainingArguments(
            output_dir=str(cache / "peer"),
            learning_rate=setting.learning_rate,
            max_steps=setting.max_steps,
            per_device_train_batch_size=setting.batch_size,
            per_device_eval_batch_size=setting.batch_size,
            seed=trial.seed,
            bf16=trial.precision == "bf16",
            use_cpu=device == "cpu",
            optim="adamw_torch_fused",
            logging_steps=1 / WINDOWS,
            logging_nan_inf_filter=False,
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            dataloader_pin_memory=device == "cuda",
        ),
        train_dataset=rows,
        data_collator=collator(loading.tokenizer(encoder)),
        preprocess_logits_for_metrics=lambda logits, labels: logits.argmax(-1),
    )


SIDES: dict[str, Build] = {"peer": peer, "padded": padded, "ours": ours}
