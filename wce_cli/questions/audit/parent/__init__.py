"""The side that asks: what the process of its own told, judged and put into words."""
