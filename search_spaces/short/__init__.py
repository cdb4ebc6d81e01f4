"""The paper's experiments shortened to an hour on a laptop, with a small multilingual encoder."""
