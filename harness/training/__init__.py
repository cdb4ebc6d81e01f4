"""One trial in this process, without Ray: fine-tune, select a checkpoint, score."""
