"""One trial in this process, without Ray: fine-tuning, checkpoint selection, scoring."""
