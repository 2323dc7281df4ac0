"""The constants of the time and memory models: what each is expected to be and why, and the file of the fitted ones."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

import numpy as np

from archgym.space import FloatArray

from ..fitting import Constants, Prior
from ..network.constants import constants as collectives
from .layout import GENERATIONS, K, M

DATA = Path(__file__).parents[1] / "data" / "training.json"

TIME: dict[str, Prior] = {
    "sustained_a": Prior(0.95, 0.08, "best GEMM shape 87 % of peak (MAMF table), training kernels seen at 0.73-0.87"),
    "sustained_h": Prior(0.84, 0.08, "H100 throttles under load: 0.62-0.80 of peak seen, best shape 0.80 (MAMF table)"),
    "sustained_b": Prior(0.84, 0.10, "as H100: no published sustained figure"),
    "sustained_c": Prior(0.84, 0.10, "as H100: no published sustained figure"),
    "half_flop_a": Prior(1e10, 0.5, "public measurements: about 1e10 FLOP on A100"),
    "half_flop_h": Prior(2.6e10, 0.5, "public measurements: about 2.6e10 FLOP on H100"),
    "half_flop_b": Prior(5e10, 0.5, "H100's, times the ratio of peaks"),
    "half_flop_c": Prior(2.6e10, 0.5, "as H100, whose peak is alike"),
    "flash1_a": Prior(0.40, 0.15, "FlashAttention-2 (Dao 2023): the first version and Triton's reach 30-50 % of A100's peak"),
    "flash1_h": Prior(0.20, 0.15, "the same kernels' absolute speed grows with SMs and clock only, 1.5 times"),
    "flash1_b": Prior(0.10, 0.30, "as on H100, of twice the peak"),
    "flash1_c": Prior(0.20, 0.30, "as on H100"),
    "flash_a": Prior(0.62, 0.12, "FlashAttention-2: 190-200 TFLOP/s forward and backward on A100"),
    "flash_h": Prior(0.50, 0.15, "FlashAttention-3 and cuDNN: 450-600 TFLOP/s on H100"),
    "flash_b": Prior(0.60, 0.20, "cuDNN on B200: above 1,300 TFLOP/s"),
    "flash_c": Prior(0.35, 0.25, "composable-kernel attention on MI300X: 400-500 TFLOP/s"),
    "fp8": Prior(1.0, 0.10, "relative to 16 bit's sustained share of the best shape"),
    "fp4": Prior(0.75, 0.25, "4-bit inputs are scaled in blocks of 16; no published best shape"),
    "wave": Prior(0.5, 0.4, "libraries soften half of the last wave's loss (other tiles, split-K)"),
    "align_64": Prior(0.12, 0.6, "padding to tiles of 64: a few per cent to a quarter"),
    "align_8": Prior(1.5, 0.4, "d_ff 10,922 against 10,944 on H100: 1.46 times as slow"),
    "head_8": Prior(8.0, 0.3, "batched GEMMs leave the tensor cores: a quarter of their peak, at less than half efficiency"),
    "unfused": Prior(0.5, 0.2, "batched GEMMs of head size 128"),
    "scores": Prior(11.0, 0.3, "public measurements: about 11 bytes per score, scale, mask, softmax and dropout"),
    "elementwise": Prior(1.3, 0.2, "counted reads and writes, plus norms and dropout in 32 bit"),
    "hbm": Prior(0.8, 0.1, "BabelStream reaches 80-90 % of the nominal bandwidth"),
    "cast": Prior(1.0, 0.4, "counted reads and writes"),
    "launch": Prior(5e-6, 0.4, "public measurements: 5 us per kernel"),
    "blocking": Prior(5e-5, 0.6, "a framework's dispatch of 20-50 us is no longer hidden, plus 12 us to synchronise"),
    "link": Prior(0.78, 0.08, "A100: 235 of 300 GB/s (nccl-tests)"),
    "nic": Prior(0.92, 0.03, "NDR-400: 46-48 of 50 GB/s (nccl-tests)"),
    "half_bytes": Prior(1e7, 0.6, "5-50 MB by generation of GPU, as the sweeps of data/collectives.json have it"),
    "latency": Prior(4e-5, 0.3, "public measurements: 37-40 us"),
    "tp_hidden": Prior(0.15, 0.6, "Megatron hides little of it on A100; user buffers about half since Hopper"),
    "overlap": Prior(0.8, 0.15, "public measurements: about 0.8"),
    "p2p": Prior(1.0, 0.4, "counted messages"),
    "iteration": Prior(0.01, 0.8, "logging, data, gradient norms: some 10 ms"),
    "optimizer": Prior(1.3, 0.3, "counted reads and writes, plus clipping"),
    "straggler": Prior(0.004, 0.7, "public runs lose 1-5 % over ten doublings"),
    "grouped": Prior(0.7, 0.3, "expert GEMMs see uneven tokens, permuted inputs"),
    "permute": Prior(1.0, 0.4, "counted reads and writes"),
    "loss": Prior(1.0, 0.2, "counted reads and writes"),
}
FIXED = {"host_adam": 5e8}
"""ZeRO-Offload (Ren 2021): Adam on a node's cores updates some 4e9 parameters a second, 8 GPUs share them."""

MEMORY: dict[str, Prior] = {
    "resident": Prior(1.1, 0.15, "weights and gradients as counted; allocators fragment"),
    "sharded": Prior(1.33, 0.15, "12 bytes, and 32-bit gradients of the shard: 16 (DeepSpeed)"),
    "activations": Prior(1.2, 0.2, "as counted; allocators fragment"),
    "logits": Prior(1.5, 0.4, "6 bytes per logit, 10 with their gradient"),
    "reserved_bytes": Prior(5.5e9, 0.15, "public measurements: 5-6 GB of context, communication buffers, allocator"),
}
BARE = np.array([1.0, 1.0, 1.0, 1.0, 0.0])
"""The memory model's constants of the bare arithmetic, float64 ``(len(M),)``."""


def time_array(values: Constants) -> FloatArray:
    """Constants of the time model in the kernel's order, ``float64 (len(K),)``."""
    alone = collectives()
    every = {**values, **FIXED, "hop": alone["hop_s"], "nic_hop": alone["nic_hop_s.infiniband"]}
    return np.array([every[member.name.lower()] for member in K])


def memory_array(values: Constants) -> FloatArray:
    """Constants of the memory model in the kernel's order, ``float64 (len(M),)``."""
    return np.array([values[member.name.lower()] for member in M])


@lru_cache(1)
def fitted() -> tuple[FloatArray, FloatArray]:
    """The shipped constants: ``float64 (len(K),)`` of the time model, ``float64 (len(M),)`` of the memory model."""
    data = json.loads(DATA.read_text())
    return time_array(data["time"]["constants"]), memory_array(data["memory"]["constants"])


def generation(name: str) -> int:
    """Number of a GPU generation."""
    return GENERATIONS.index(name)
