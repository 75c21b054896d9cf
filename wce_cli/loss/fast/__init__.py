"""The arithmetic of large batches: the same answers by other loops."""
