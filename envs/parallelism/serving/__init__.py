"""Serving: prefill and decode of language models on GPUs, under schedulers, parallelism and precisions that can be searched."""
