"""Cells of the NAS-Bench-201 topology: which of the 15,625 compute the same function, and how large their networks are."""
