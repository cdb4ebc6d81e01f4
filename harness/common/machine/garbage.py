"""Python's garbage collector."""

import gc


def collect_seldom() -> None:
    """In a process of steadytune, collect garbage only after 50,000 new objects (Python's default: 700 to 2,000).

    Imports of torch and transformers make a million objects that stay. Visiting them takes a quarter of the import.
    """
    gc.set_threshold(50_000, 20, 100)
