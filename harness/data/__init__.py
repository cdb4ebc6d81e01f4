"""Examples and unlabelled text: places, reading, tokenisation and subsets."""
