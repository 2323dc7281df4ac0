"""Transformers: sizes as data (``data/transformers.toml``) and the matrix products of one forward pass.

The text is ``MODEL[@TOKENS][/decode]``: ``gpt2@1024``, ``llama2_7b@4096/decode``. With h heads, k heads of keys and values
(k = h but for grouped-query attention), e = head_dim, d = d_model, f = d_ff, v = vocabulary, n rows (tokens computed) and m
keys (tokens attended to), a layer is (rows x inner) (inner x columns), as in Vaswani et al. 2017, section 3:

=================  =====  ==========  =========  ========  ========================================
product            count  G (groups)  P (rows)   C (inner) M (columns)
=================  =====  ==========  =========  ========  ========================================
query              1      1           n          d         h e
key, value         2      1           new keys   d         k e
score              1      k           n h / k    e         m
context            1      k           n h / k    m         e
output             1      1           n          h e       d
gate, up           1, 2   1           n          d         f (the gate where the network is gated)
down               1      1           n          f         d
vocabulary         1      1           rows out   d         v
=================  =====  ==========  =========  ========  ========================================

Scores and contexts hold keys and values as the layer's weights. Grouped-query attention (Ainslie et al. 2023) is exact: the
h / k query heads that share keys are rows of one group, so work and words both count each key once.

A forward pass computes all tokens: n = m = tokens. The phase ``decode`` computes one: n = 1 against a cache of m = tokens
positions, its own among them. An encoder-decoder runs both stacks on `tokens` tokens, the decoder with a second attention
whose keys are made of the encoder's output; its decode phase finds those in the cache and runs no encoder. Causal masks save
nothing here: all n m scores count, as dense hardware computes them. Left out: embedding look-ups, positions, norms, softmax,
activations. Equal shapes are counted together under their joint name.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from archgym.envs.accelerator.layer import Layer, Network
from archgym.errors import BadInput, did_you_mean

DATA = Path(__file__).parent / "data"
LONGEST = 1 << 20
Part = tuple[Layer, int]


@dataclass(frozen=True)
class Transformer:
    """Sizes of one model; the fields are those of ``data/transformers.toml``, which says what they mean."""

    source: str
    kind: str
    layers: int
    d_model: int
    heads: int
    kv_heads: int
    head_dim: int
    d_ff: int
    gated: bool
    vocabulary: int
    output: str
    tokens: int
    image: int = 0
    patch: int = 0


@cache
def transformers() -> dict[str, Transformer]:
    """The models by name."""
    raw = tomllib.loads((DATA / "transformers.toml").read_text(encoding="utf-8"))
    return {name: Transformer(**sizes) for name, sizes in raw.items()}


def default_text(name: str) -> str:
    """The model's text with its default length; vision models have one length only, and no need to name it."""
    model = transformers()[name]
    return name if model.kind == "vision" else f"{name}@{model.tokens}"


def transformer(text: str) -> Network:
    """The matrix products of one forward pass or decoding step, batch 1; equal texts give one object.

    Args:
        text: ``MODEL[@TOKENS][/decode]`` with a model of :func:`transformers` and 1 … 2^20 tokens.

    Raises:
        BadInput: an unknown phase, a length out of range, a length for a vision model, or decode for an encoder.
    """
    head, slash, phase = text.partition("/")
    name, at, length = head.partition("@")
    model = transformers()[name]
    if slash and phase != "decode":
        raise BadInput(f"{text!r}: there is no phase {phase!r}{did_you_mean(phase, ['decode'])}")
    if slash and model.kind in ("encoder", "vision"):
        raise BadInput(f"{text!r}: {name} is an encoder and has no phase 'decode'")
    return _network(name, _tokens(text, model, length) if at else model.tokens, bool(slash))


def _tokens(text: str, model: Transformer, length: str) -> int:
    number = int(length) if length.isascii() and length.isdecimal() and len(length) < 9 else 0
    if not 1 <= number <= LONGEST:
        raise BadInput(f"{text!r}: the sequence length must be a whole number from 1 to {LONGEST}, got {length!r}")
    if model.kind == "vision" and number != model.tokens:
        raise BadInput(f"{text!r}: the image fixes the sequence length to {model.tokens} tokens")
    return number


@cache
def _network(name: str, tokens: int, decode: bool) -> Network:
    model = transformers()[name]
    text = name if model.kind == "vision" else f"{name}@{tokens}"
    return Network.of(text + "/decode" * decode, _joined(list(_pass(model, tokens, decode))))


def _pass(model: Transformer, tokens: int, decode: bool) -> Iterator[Part]:
    """All products of a pass over the model."""
    rows = 1 if decode else tokens
    if model.kind == "vision":
        yield _patches(model), 1
    if model.kind == "encoder-decoder":
        if not decode:
            yield from _times(model.layers, [*_attention(model, tokens, tokens, tokens), *_feed_forward(model, tokens)])
        cross = _attention(model, rows, 0 if decode else tokens, tokens)
        yield from _times(model.layers, [*_attention(model, rows, rows, tokens), *cross, *_feed_forward(model, rows)])
    else:
        yield from _times(model.layers, [*_attention(model, rows, rows, tokens), *_feed_forward(model, rows)])
    if model.output != "none":
        yield Layer("vocabulary", P=rows if model.output == "each" else 1, C=model.d_model, M=model.vocabulary), 1


def _attention(model: Transformer, rows: int, new_keys: int, keys: int) -> Iterator[Part]:
    """One attention: `rows` queries on `keys` keys, of which `new_keys` are projected now."""
    width, groups = model.heads * model.head_dim, model.kv_heads
    shared = rows * model.heads // groups
    yield Layer("query", P=rows, C=model.d_model, M=width), 1
    if new_keys:
        yield Layer("key+value", P=new_keys, C=model.d_model, M=groups * model.head_dim), 2
    yield Layer("score", G=groups, P=shared, C=model.head_dim, M=keys), 1
    yield Layer("context", G=groups, P=shared, C=keys, M=model.head_dim), 1
    yield Layer("output", P=rows, C=width, M=model.d_model), 1


def _feed_forward(model: Transformer, rows: int) -> Iterator[Part]:
    name, count = ("gate+up", 2) if model.gated else ("up", 1)
    yield Layer(name, P=rows, C=model.d_model, M=model.d_ff), count
    yield Layer("down", P=rows, C=model.d_ff, M=model.d_model), 1


def _patches(model: Transformer) -> Layer:
    """The patch embedding: a convolution whose stride is its filter's size."""
    side, patch = model.image // model.patch, model.patch
    return Layer("patches", C=3, M=model.d_model, R=patch, S=patch, P=side, Q=side, stride=patch)


def _times(layers: int, parts: list[Part]) -> Iterator[Part]:
    return ((layer, count * layers) for layer, count in parts)


def _joined(parts: list[Part]) -> list[Part]:
    """Equal shapes under one name that tells all of them: "query+key+value+output"."""
    names: dict[tuple[int, ...], list[str]] = {}
    for layer, _ in parts:
        names.setdefault(layer.shape, []).append(layer.name)
    texts = {shape: "+".join(dict.fromkeys("+".join(found).split("+"))) for shape, found in names.items()}
    return [(Layer(texts[layer.shape], *layer.shape), count) for layer, count in parts]
