"""The fourteen layers that ZigZag and MAESTRO were run on, and rank correlation."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from archgym.envs.accelerator.layer import Layer

REFERENCE = Path(__file__).parents[1] / "reference"


def _convolution(name: str, c: int, m: int, r: int, p: int, stride: int = 1) -> Layer:
    return Layer(name, C=c, M=m, R=r, S=r, P=p, Q=p, stride=stride)


def _product(name: str, rows: int, inner: int, columns: int) -> Layer:
    return Layer(name, P=rows, C=inner, M=columns)


LAYERS: dict[str, Layer] = {
    layer.name: layer
    for layer in (
        _convolution("alex_c1", 3, 96, 11, 55, 4),
        _convolution("alex_c2", 48, 256, 5, 27),
        _convolution("alex_c3", 256, 384, 3, 13),
        _convolution("r18_64_3x3", 64, 64, 3, 56),
        _convolution("r18_128_3x3s2", 64, 128, 3, 28, 2),
        _convolution("r18_512_3x3", 512, 512, 3, 7),
        _convolution("r50_256_64_1x1", 256, 64, 1, 56),
        _convolution("r50_512_2048_1x1", 512, 2048, 1, 7),
        _convolution("mb2_24_144_1x1", 24, 144, 1, 56),
        Layer("mb2_dw144_s1", G=144, R=3, S=3, P=56, Q=56),
        Layer("mb2_dw96_s2", G=96, R=3, S=3, P=56, Q=56, stride=2),
        _product("bert_qkv", 512, 768, 768),
        _product("bert_ffn1", 512, 768, 3072),
        _product("bert_qk_head", 512, 64, 512),
    )
}


def read_rows(name: str) -> list[dict[str, str]]:
    """Rows of one shipped reference table."""
    return list(csv.DictReader(gzip.decompress((REFERENCE / name).read_bytes()).decode().splitlines()))


def spearman(a: Sequence[float], b: Sequence[float]) -> float:
    """Rank correlation; ties share their mean rank. NaN where either has fewer than two different values."""
    from scipy.stats import rankdata

    ranks = np.array([rankdata(a), rankdata(b)], dtype=np.float64)
    spread = ranks - ranks.mean(axis=1, keepdims=True)
    size = np.sqrt((spread**2).sum(axis=1)).prod()
    return float(spread[0] @ spread[1] / size) if size > 0 else float("nan")
