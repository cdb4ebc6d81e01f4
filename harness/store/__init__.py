"""The pool of trials on disk, and the types that it saves."""
