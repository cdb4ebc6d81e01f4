"""Sources of the variance of scores: components and hyperparameters."""
