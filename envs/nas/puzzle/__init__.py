"""Puzzle: which attention and which feed-forward part every block of a served language model keeps."""
