"""Pretrained encoders: located, pinned and loaded; their vocabulary is mapped from disk or trimmed."""
