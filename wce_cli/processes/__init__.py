"""Other processes, and how this one ends: a pool of workers, programs that answer in lines, and signals."""
