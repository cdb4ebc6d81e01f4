"""Options that several commands share, by topic, and the functions that read their values."""
