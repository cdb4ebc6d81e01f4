"""Small stress tests: part-of-speech tagging on the embedded encoder and data, made harder until methods differ."""

from harness.methods import L2, Method, Vanilla
from harness.study import Setting

CENTRE = Setting(learning_rate=2e-3, warmup_steps=6, max_steps=60, batch_size=16)
"""The quickstart's third setting."""
METHODS: tuple[Method, ...] = (Vanilla(), L2(strength=0.05))
"""The quickstart's methods, without ewc, which trains a model for each language."""
SEEDS = (0, 1, 2)
TARGETS = ("ar", "de", "es", "fi", "fr", "hi", "ja", "ru", "tr", "vi", "zh")
"""The quickstart's target languages."""
