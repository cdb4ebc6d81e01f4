"""Parts of a training that hyperparameters choose: order of batches, loss of labels, optimizer."""
