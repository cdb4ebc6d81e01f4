"""Trials on Ray: the cluster, the worker processes, and the Ray Tune run."""
