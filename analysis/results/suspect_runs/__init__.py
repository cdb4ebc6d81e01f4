"""Notes on runs whose scores may decide a result without a sign in the claims."""
