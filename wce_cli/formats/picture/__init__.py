"""A picture of an answer with its numbers below: one file a kind of answer, over one figure and one page."""
