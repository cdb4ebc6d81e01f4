"""Private names of Ray, torch and transformers, each in one place. ``pyproject.toml`` bounds the tested versions."""
