"""Small studies with the designs of ``harness.designs``: part-of-speech tagging on the embedded encoder and data."""

from harness.methods import L2, Method, Vanilla

METHODS: tuple[Method, ...] = (Vanilla(), L2(strength=0.05))
"""The quickstart's methods, without ewc."""
TARGETS = ("ar", "de", "es", "fi", "fr", "hi", "ja", "ru", "tr", "vi", "zh")
"""The quickstart's target languages."""
