"""Training: how a model is laid out over a cluster, and what an iteration then takes."""
