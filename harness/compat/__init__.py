"""Private names of Ray and transformers, each in one place. ``pyproject.toml`` bounds the tested versions."""
