"""Our own table of trained networks: cells of the NAS-Bench-201 topology on scikit-learn's 8x8 digits, three seeds each."""
