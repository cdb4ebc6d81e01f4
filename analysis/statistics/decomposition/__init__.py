"""Where the variance of scores comes from: components and hyperparameters."""
