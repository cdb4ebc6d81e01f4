"""Pretrained encoders: found and pinned, loaded, their vocabulary mapped from disk or trimmed."""
