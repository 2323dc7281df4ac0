"""Shapes of language models under published scaling laws: loss against what training and serving them cost."""
