"""Options by topic, most shared by several commands, and the functions that read their values."""
