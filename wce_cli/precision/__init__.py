"""What printed digits and 16-bit numbers leave open."""
