"""Notes on runs whose scores may decide a result, although no claim shows a sign of it."""
