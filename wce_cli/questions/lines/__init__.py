"""Documents by the hundred thousand, a line each: their answers by stacks."""
