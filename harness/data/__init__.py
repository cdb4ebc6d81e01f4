"""Examples and unlabelled text: where they are, how they are read, tokenised and subsampled."""
