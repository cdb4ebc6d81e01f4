"""The paper's experiments shortened to what a laptop does in an hour, with a small multilingual encoder."""
