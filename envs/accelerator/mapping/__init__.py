"""Mappings as designs: where every prime factor of a layer's bounds goes on a given accelerator, and in which order."""
