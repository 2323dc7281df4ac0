"""Attention accelerators: einsum cascades of softmax on a 2-D array beside a 1-D vector unit, from 1 k to 1 M tokens.

The published design points (no fusion; FLAT, Kao et al., ASPLOS 2023; FuseMax, Nayak et al., MICRO 2024) are points of the
space, and the closed forms give their published figures.
"""
