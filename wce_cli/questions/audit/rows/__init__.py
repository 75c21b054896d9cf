"""What is looked at beside the rule: numbers, edges, gradient, conduct, labels."""
