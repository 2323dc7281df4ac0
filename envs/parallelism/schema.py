"""The form of users' files: a model, a cluster."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError, model_validator

from archgym.errors import BadInput

# as large as a float64 holds exactly in the products that follow
Count = Annotated[int, Field(ge=1, le=10**7)]
Whole = Annotated[int, Field(ge=0, le=10**7)]
Positive = Annotated[float, Field(gt=0, le=1e30, allow_inf_nan=False)]
Share = Annotated[float, Field(gt=0, le=1)]
Text = Annotated[str, Field(min_length=1, max_length=200)]


class Strict(BaseModel):
    """No unknown keys, nothing converted from text."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class LlmFile(Strict):
    """A model's shape; see :class:`~archgym.envs.parallelism.models.Llm` for the fields."""

    name: Text | None = None
    layers: Count
    hidden: Count
    ffn: Count
    heads: Count
    kv_heads: Count | None = None
    head_dim: Count | None = None
    vocab: Count
    gated: bool = False
    activation: Text = "gelu"
    experts: Whole = 0
    experts_per_token: Whole = 0
    shared_experts: Whole = 0
    dense_layers: Whole = 0
    dense_ffn: Whole = 0
    latent: bool = False
    attended: Share = 1.0
    tied: bool = False
    sequence: Count = 2048
    batch: Count = 1024

    @model_validator(mode="after")
    def _fits(self) -> LlmFile:
        if self.heads % (self.kv_heads or self.heads):
            raise ValueError("heads must be a multiple of kv_heads")
        if self.head_dim is None and self.hidden % self.heads:
            raise ValueError("hidden is no multiple of heads: give head_dim")
        if self.experts and not 1 <= self.experts_per_token <= self.experts:
            raise ValueError("experts_per_token must be in 1 … experts")
        if not self.experts and (self.experts_per_token or self.shared_experts or self.dense_layers or self.dense_ffn):
            raise ValueError("experts_per_token, shared_experts, dense_layers and dense_ffn need experts")
        if self.dense_layers > self.layers or (self.dense_layers > 0) != (self.dense_ffn > 0):
            raise ValueError("dense_layers must be at most layers, with a dense_ffn")
        return self


class GpuFile(Strict):
    """A GPU of one's own; see :class:`~archgym.envs.parallelism.clusters.Gpu`. A format that it lacks is left out."""

    name: Text
    title: Text | None = None
    generation: Text
    flops_16: Positive
    flops_8: Positive | None = None
    flops_4: Positive | None = None
    hbm_gib: Positive
    hbm_bytes_per_s: Positive
    units: Count
    best_16: Share
    best_8: Share | None = None
    link_bytes_per_s: Positive
    domain: Count
    host_bytes_per_s: Positive
    host_bytes: Positive
    tdp_w: Positive
    idle_w: Positive
    node_w: Annotated[float, Field(ge=0, le=1e30)]
    usd_per_hour: Positive
    price: Text


def _kind(value: object) -> str:
    return "(table)" if isinstance(value, dict) else "(name)"


NameOrTable = Annotated[Annotated[Text, Tag("(name)")] | Annotated[GpuFile, Tag("(table)")], Discriminator(_kind)]


class IslandFile(Strict):
    """Nodes of one kind of network card."""

    name: Text
    share: Share
    nic_bytes_per_s: Positive


class ClusterFile(Strict):
    """A cluster; ``gpu`` is the name of a built-in GPU or a table of one's own."""

    name: Text | None = None
    gpu: NameOrTable
    gpus: Annotated[int, Field(ge=1, le=1 << 17)]
    node: Count = 8
    domain: Count | None = None
    nic_bytes_per_s: Positive | None = None
    link_bytes_per_s: Positive | None = None
    host_bytes: Positive | None = None
    usd_per_hour: Positive | None = None
    islands: list[IslandFile] = []
    between_bytes_per_s: Positive | None = None
    matrix: Text | None = None
    spread: Annotated[float, Field(ge=0, le=5)] = 0.0
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0

    @model_validator(mode="after")
    def _fits(self) -> ClusterFile:
        if self.gpus % self.node:
            raise ValueError("gpus must be a multiple of node")
        if self.domain is not None and self.domain % self.node and self.node % self.domain:
            raise ValueError("domain must be a multiple of node, or divide it")
        if (len(self.islands) > 1) != (self.between_bytes_per_s is not None):
            raise ValueError("several islands need between_bytes_per_s, and only they")
        if self.islands and abs(sum(island.share for island in self.islands) - 1) > 1e-9:
            raise ValueError("the shares of the islands must sum to 1")
        if sum((bool(self.islands), self.matrix is not None, self.nic_bytes_per_s is not None)) != 1:
            raise ValueError("give one of nic_bytes_per_s, islands or matrix")
        if self.spread and self.nic_bytes_per_s is None:
            raise ValueError("spread needs nic_bytes_per_s")
        return self


Form = TypeVar("Form", bound=Strict)


def checked(path: Path, text: str, form: type[Form]) -> Form:
    """The content of the TOML file ``path``.

    Raises:
        BadInput: no TOML, or a field is missing or wrong; the message names file and field.
    """
    try:
        return form.model_validate(tomllib.loads(text))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"] if not str(part).startswith("(")) or "file"
        reason = first["msg"].removeprefix("Value error, ")
        raise BadInput(f"{path}: {place}: {reason}") from None
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path}: not TOML: {error}") from None
