"""The store of trials, and the types that it saves."""
