"""Language models as plain facts: shapes, parameters, work and cache per token."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from archgym.errors import BadInput, did_you_mean
from archgym.files import read_text

MODELS_FILE = Path(__file__).parent / "data" / "models.toml"
# Multi-head latent attention as DeepSeek-V2 and V3 have it (arXiv 2412.19437, section 4.2)
QUERY_RANK, KV_RANK, ROPE_DIM = 1536, 512, 64


@dataclass(frozen=True)
class Llm:
    """A decoder-only transformer, dense or a mixture of experts.

    Args:
        name: its name.
        layers, hidden, heads, vocab: as papers use the words.
        ffn: width of a dense layer's feed-forward part, or of one expert.
        kv_heads: key-value heads; fewer than ``heads`` for grouped queries.
        head_dim: length of a query, key or value of one head.
        gated: gate, up and down projection (SwiGLU) instead of up and down.
        activation: its function; for people, no cost depends on it.
        experts: routed experts of a layer, 0 for a dense model.
        experts_per_token: routed experts that a token visits.
        shared_experts: experts that every token visits.
        dense_layers, dense_ffn: layers of a mixture that have no experts, and their width.
        latent: multi-head latent attention with DeepSeek's ranks.
        attended: share of the causal positions that a token attends to; below 1 with sliding windows.
        tied: the output projection is the embedding.
        sequence: tokens of a training sample.
        batch: samples of a training iteration over all GPUs.
        published, published_active: parameters as the source states them, 0 where it does not.
    """

    name: str
    layers: int
    hidden: int
    ffn: int
    heads: int
    kv_heads: int
    head_dim: int
    vocab: int
    gated: bool = False
    activation: str = "gelu"
    experts: int = 0
    experts_per_token: int = 0
    shared_experts: int = 0
    dense_layers: int = 0
    dense_ffn: int = 0
    latent: bool = False
    attended: float = 1.0
    tied: bool = False
    sequence: int = 2048
    batch: int = 1024
    published: float = 0.0
    published_active: float = 0.0

    @property
    def parameters(self) -> int:
        """Weights of all matrices and embeddings; norms, biases and learned positions (below 0.1 %) are left out."""
        expert_layers = self.layers - self.dense_layers if self.experts else 0
        mixture = expert_layers * ((self.experts + self.shared_experts) * self._mlp(self.ffn) + self.hidden * self.experts)
        return self.layers * self._attention + mixture + self._dense + self.vocab * self.hidden * (1 if self.tied else 2)

    @property
    def active_parameters(self) -> int:
        """Those of ``parameters`` that a token visits, both embeddings included; equal for a dense model."""
        idle = self.experts - self.experts_per_token
        return self.parameters - (self.layers - self.dense_layers) * idle * self._mlp(self.ffn)

    @property
    def matrix_parameters(self) -> int:
        """Active parameters that take part in a product: an input embedding of its own is looked up, not multiplied."""
        return self.active_parameters - (0 if self.tied else self.vocab * self.hidden)

    @property
    def _attention(self) -> int:
        """Of one layer: query, key, value and output projections."""
        if not self.latent:
            return 2 * self.hidden * self.head_dim * (self.heads + self.kv_heads)
        query = QUERY_RANK * (self.hidden + self.heads * (self.head_dim + ROPE_DIM))
        return query + self.hidden * (KV_RANK + ROPE_DIM) + self.heads * self.head_dim * (2 * KV_RANK + self.hidden)

    @property
    def _dense(self) -> int:
        """Feed-forward parts of all layers without experts."""
        if self.experts:
            return self.dense_layers * self._mlp(self.dense_ffn)
        return self.layers * self._mlp(self.ffn)

    def _mlp(self, width: int) -> int:
        return (3 if self.gated else 2) * self.hidden * width

    def flops_per_token(self, sequence: int | None = None) -> float:
        """Model FLOP of a token's forward pass: 2 N + 4 L h s for multi-head attention; the backward pass has twice that.

        N is :attr:`matrix_parameters`. As in the numerator of MFU (Chowdhery et al. 2022, appendix B), scores are counted for
        all s positions, causal or not; sliding windows count for what they attend to.

        Args:
            sequence: tokens of a sample; the model's own if left out.
        """
        length = self.sequence if sequence is None else sequence
        widths = 2 * self.head_dim + (ROPE_DIM if self.latent else 0)  # a score reads a key, its product a value
        return 2.0 * self.matrix_parameters + 2.0 * self.layers * self.heads * widths * length * self.attended

    def kv_bytes_per_token(self, bytes_per_value: float = 2.0) -> float:
        """Key-value cache of a token over all layers, bytes; windows are not credited."""
        values = KV_RANK + ROPE_DIM if self.latent else 2 * self.kv_heads * self.head_dim
        return bytes_per_value * self.layers * values


@cache
def _library() -> tuple[dict[str, Llm], dict[str, str]]:
    """The models that ship, and the other names they go by."""
    tables = tomllib.loads(MODELS_FILE.read_text(encoding="utf-8"))
    aliases = {alias: name for name, table in tables.items() for alias in table.pop("aliases", ())}
    return {name: _llm({"name": name, **table}) for name, table in tables.items()}, aliases


def built_in_llms() -> list[str]:
    """Names of the models that ship with the package."""
    return sorted(_library()[0])


@cache
def load_llm(text: str) -> Llm:
    """A model by name (any case, ``_`` for ``-``), or from a TOML file of its fields, one model a file.

    Raises:
        BadInput: no such model, or a field of the file is missing or wrong; the message names file and field.
    """
    if text.endswith(".toml"):
        return _read(Path(text))
    models, aliases = _library()
    name = text.strip().lower().replace("_", "-")
    name = aliases.get(name, name)
    if name not in models:
        raise BadInput(f"there is no model '{text}'" + did_you_mean(name, [*models, *aliases]))
    return models[name]


def _read(path: Path) -> Llm:
    from .schema import LlmFile, checked  # pydantic takes a while to import

    table = checked(path, read_text(path), LlmFile).model_dump(exclude_none=True)
    return _llm({"name": path.stem, **table})


def _llm(table: dict[str, Any]) -> Llm:
    """A model with what its table leaves out filled in."""
    given = dict(table)
    published, active = given.pop("published_b", 0.0), given.pop("published_active_b", 0.0)
    given.setdefault("kv_heads", given["heads"])
    given.setdefault("head_dim", given["hidden"] // given["heads"])
    return Llm(published=published * 1e9, published_active=active * 1e9, **given)
