"""Options that several commands share, by topic: each with the reading of its values."""
