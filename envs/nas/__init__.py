"""Neural architectures: tables of trained networks, our own and published, to be searched alone or with their hardware."""
