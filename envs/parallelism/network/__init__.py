"""Time of collective operations on tiers of links, and the placement of ranks on unequal ones."""
