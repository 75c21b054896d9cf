"""What was given: a batch, its fields, and every check of scores, labels and weights."""
