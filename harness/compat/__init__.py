"""Private names of Ray and transformers, each used in one place here; ``pyproject.toml`` bounds the versions that were
tested."""
