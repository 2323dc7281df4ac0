"""The 15,625 cells of NAS-Bench-201 trained on CIFAR-10 by IBM, with low precision, analogue hardware and its drift."""
