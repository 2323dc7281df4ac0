"""Graph neural networks of NAS-Bench-Graph: 26,206 trained architectures on each of nine datasets."""
