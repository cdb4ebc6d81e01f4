"""What of a study only shows on real text and in a real step, found before the first trial."""
