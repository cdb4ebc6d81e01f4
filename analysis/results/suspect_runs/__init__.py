"""Notes on runs that no claim mentions, although their scores may decide a result."""
