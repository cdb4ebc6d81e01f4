"""Tasks that ship, by name; each file defines one ``TASK``."""
