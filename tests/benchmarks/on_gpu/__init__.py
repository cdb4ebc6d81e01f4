"""Parts of ``tests.benchmarks.gpu``."""
