"""Other programs' names of hyperparameters, and steadytune's name for each of these."""

from collections.abc import Iterable

from harness.common.errors import UserError, unknown

STEPS = "; give examples per optimizer step, over all micro-batches"
SHARE = "; give a number of steps, or a share of max_steps such as 10%"
OTHER_NAMES = {
    "lr": ("learning_rate", ""),
    "peak_lr": ("learning_rate", ""),
    "classifier_lr": ("head_learning_rate", ""),
    "head_lr": ("head_learning_rate", ""),
    "num_train_epochs": ("epochs", ""),
    "num_epochs": ("epochs", ""),
    "max_epochs": ("epochs", ""),
    "steps": ("max_steps", ""),
    "num_train_steps": ("max_steps", ""),
    "max_train_steps": ("max_steps", ""),
    "total_steps": ("max_steps", ""),
    "training_steps": ("max_steps", ""),
    "per_device_train_batch_size": ("batch_size", STEPS),
    "per_gpu_train_batch_size": ("batch_size", STEPS),
    "train_batch_size": ("batch_size", STEPS),
    "bs": ("batch_size", STEPS),
    "gradient_accumulation_steps": ("accumulation", "; 'batch_size' is the whole batch, over all micro-batches"),
    "activation_checkpointing": ("gradient_checkpointing", ": true or false"),
    "warmup": ("warmup_steps", SHARE),
    "warmup_ratio": ("warmup_steps", SHARE),
    "warmup_proportion": ("warmup_steps", SHARE),
    "num_warmup_steps": ("warmup_steps", ""),
    "lr_scheduler_type": ("schedule", ": linear, constant or cosine"),
    "lr_schedule": ("schedule", ": linear, constant or cosine"),
    "scheduler": ("schedule", ": linear, constant or cosine"),
    "max_seq_length": ("max_length", "; give sub-words"),
    "max_seq_len": ("max_length", "; give sub-words"),
    "max_sequence_length": ("max_length", "; give sub-words"),
    "wd": ("weight_decay", ""),
    "l2_decay": ("weight_decay", ""),
    "clip_grad": ("max_grad_norm", "; 0 for no clipping"),
    "clip_grad_norm": ("max_grad_norm", "; 0 for no clipping"),
    "gradient_clip_val": ("max_grad_norm", "; 0 for no clipping"),
    "max_train_samples": ("train_examples", ""),
    "optim": ("optimizer", ": adamw, adafactor or sgd"),
    "adam_beta1": ("beta1", ""),
    "adam_beta2": ("beta2", ""),
    "adam_epsilon": ("epsilon", ""),
    "adam_eps": ("epsilon", ""),
    "eps": ("epsilon", ""),
    "correct_bias": ("bias_correction", ": true or false"),
    "sgd_momentum": ("momentum", ""),
    "label_smoothing_factor": ("label_smoothing", ""),
    "class_weight": ("class_weights", ": none, balanced, or weights by label"),
    "group_by_length": ("batches", ": random or by_length"),
    "train_sampling_strategy": ("batches", ": random or by_length"),
    "early_stopping_patience": ("early_stopping", "; give a number of dev scores, from 1 to 9"),
    "patience": ("early_stopping", "; give a number of dev scores, from 1 to 9"),
    "dropout": ("hidden_dropout", "; 'attention_dropout' and 'head_dropout' are separate fields"),
    "hidden_dropout_prob": ("hidden_dropout", ""),
    "attention_probs_dropout_prob": ("attention_dropout", ""),
    "classifier_dropout": ("head_dropout", ""),
    "seq_classif_dropout": ("head_dropout", ""),
    "model_seed": ("init_seed", ""),
    "weight_init_seed": ("init_seed", ""),
    "sampler_seed": ("data_seed", ""),
    "data_order_seed": ("data_seed", ""),
    "seed": ("seeds", ", a list and a field of the study"),
    "fp16": ("precision", ", a field of the study: fp32, bf16 or fp16"),
    "bf16": ("precision", ", a field of the study: fp32, bf16 or fp16"),
    "model": ("encoder", ", a field of the study"),
    "model_name": ("encoder", ", a field of the study"),
    "model_name_or_path": ("encoder", ", a field of the study"),
}
"""steadytune's name of a hyperparameter and a remark on its values, by the other name in small letters."""
OF_STUDY = ("encoder", "precision", "seeds")
"""Names in ``OTHER_NAMES`` that are fields of the study, not hyperparameters."""


def unknown_field(where: str, name: object, known: Iterable[str]) -> UserError:
    """The error for a name outside ``known``, with steadytune's name if there is one, else the nearest known name."""
    names = [*known]
    ours, remark = OTHER_NAMES.get(str(name).strip().lower().lstrip("-").replace("-", "_"), ("", ""))
    if ours in names or ours in OF_STUDY:
        return UserError(f"{where}: {str(name)!r} is called {ours!r} here{remark}")
    return unknown(where, name, names)
