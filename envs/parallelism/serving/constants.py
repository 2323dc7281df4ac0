"""Bytes of formats, and the fitted constants with what each is expected to be and why."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

import numpy as np

from archgym.space import FloatArray

from ..fitting import Prior
from .layout import S

DATA = Path(__file__).parents[1] / "data" / "serving.json"
# NVFP4 and MXFP4 carry a scale of 8 bits per 16 or 32 elements
WEIGHT_BYTES = {"bf16": 2.0, "fp16": 2.0, "fp8": 1.0, "fp4": 0.5625, "nvfp4": 0.5625, "mxfp4": 0.53125}
CACHE_BYTES = {"bf16": 2.0, "fp16": 2.0, "fp8": 1.0, "fp4": 1.0, "nvfp4": 1.0, "mxfp4": 1.0}

PRIORS = {
    S.SUSTAINED: Prior(0.8, 0.15, "H100 trains at 0.62 of its peak where its best GEMM reaches 0.80"),
    S.FP4: Prior(
        0.8, 0.25, "cuBLAS 12.9: up to 2.3 times FP8 at the best shapes; smaller ones gain less, and activations are converted"
    ),
    S.GROUPED: Prior(0.7, 0.3, "DeepGEMM on H800: grouped FP8 GEMMs reach 1.0-1.3 PFLOP/s, dense ones 1.5"),
    S.HBM: Prior(0.85, 0.07, "STREAM-like kernels reach 0.85 to 0.92 of the data sheet on A100 and H100"),
    S.KV: Prior(0.7, 0.2, "FlashInfer's and FlashMLA's decode kernels: 0.6 to 0.9 of the bandwidth on H100"),
    S.ATTENTION: Prior(0.5, 0.25, "FlashAttention-3 on H100: 0.4 to 0.75 of the 16-bit peak, causal, by length"),
    S.ELEMENTWISE: Prior(1.0, 0.3, "a count of reads and writes, fused as in TensorRT-LLM"),
    S.BLEND: Prior(0.2, 0.4, "tiles load while others compute, but the first and the last wait"),
    S.LINK: Prior(0.75, 0.15, "collectives reach 0.7 to 0.83 of the links one way, measured sweeps in reference/"),
    S.LATENCY: Prior(12e-6, 0.25, "small all-reduces over NVSwitch: one-shot kernels about 10 us, NCCL about 20"),
    S.LAUNCH: Prior(2.5e-6, 0.1, "kernels of a captured CUDA graph follow each other after 1.5 to 3 us; no row tells, so held"),
    S.EAGER: Prior(8e-6, 0.4, "PyTorch launches a kernel in 5 to 10 us; only passes without prompts run as captured graphs"),
    S.HOST: Prior(2e-3, 0.6, "a scheduler's step: 1 to 5 ms"),
    S.HOST_REQUEST: Prior(8e-6, 0.6, "sampling, detokenising and book-keeping of a request and step"),
    S.IMBALANCE: Prior(
        1.5, 0.15, "TensorRT-LLM on 8 attention groups: balanced 39,552 tokens/s, as it ran 25,664 (ADP Balance Strategy)"
    ),
    S.EXPERT_IMBALANCE: Prior(1.2, 0.1, "busiest over mean expert rank: 1.1 to 1.5 (DeepSeek's EPLB)"),
}


def vector(values: dict[str, float]) -> FloatArray:
    """Constants by name to the kernel's, ``float64 (len(S),)``."""
    return np.array([values[s.name.lower()] for s in S])


@lru_cache(maxsize=1)
def constants() -> FloatArray:
    """The fitted constants of ``data/serving.json``."""
    return vector(json.loads(DATA.read_text(encoding="utf-8"))["constants"])
