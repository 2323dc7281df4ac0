"""The form of a technology's TOML file; every table of figures names its source."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Source = Annotated[str, Field(min_length=1)]


class Strict(BaseModel):
    """No unknown keys, nothing converted from text."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Clock(Strict):
    """``[clock]``."""

    hz: Positive
    source: Source


class Mac(Strict):
    """``[mac]``: one unit, one operation."""

    energy_pj: Positive
    area_um2: Positive
    source: Source


class Neighbour(Strict):
    """``[neighbour]``: one word from PE to PE, in multiples of a MAC's energy."""

    times_mac: Positive
    source: Source


class DramKind(Strict):
    """``[dram.KIND]``: energy per bit, or per word in multiples of a MAC's energy."""

    pj_per_bit: Positive | None = None
    times_mac: Positive | None = None
    gb_per_s: Positive
    source: Source

    @model_validator(mode="after")
    def _one_energy(self) -> DramKind:
        if (self.pj_per_bit is None) == (self.times_mac is None):
            raise ValueError("give pj_per_bit or times_mac")
        return self


class CactiLaw(Strict):
    """A table of CACTI runs beside the file."""

    law: Literal["cacti"]
    table: str


class RegisterLaw(Strict):
    """pj_per_bit · bits · √(depth / reference_depth); um2_per_bit · bits · depth."""

    law: Literal["registers"]
    pj_per_bit: Positive
    reference_depth: Positive
    um2_per_bit: Positive


class CapacityLaw(Strict):
    """Energy of an access of ``access_bits`` at a few sizes."""

    law: Literal["capacity"]
    access_bits: Annotated[int, Field(ge=1)]
    bytes: Annotated[list[Positive], Field(min_length=2)]
    pj: Annotated[list[Positive], Field(min_length=2)]

    @model_validator(mode="after")
    def _ascending(self) -> CapacityLaw:
        if len(self.bytes) != len(self.pj) or sorted(set(self.bytes)) != self.bytes:
            raise ValueError("bytes must ascend and have as many entries as pj")
        return self


class RatioLaw(Strict):
    """Energy per word in multiples of a MAC's energy, whatever the size."""

    law: Literal["ratio"]
    times_mac: Positive


class LikeLaw(Strict):
    """The same class of buffers in another technology, areas times ``scale``."""

    law: Literal["like"]
    technology: str
    scale: Positive = 1.0


class SteppedLaw(Strict):
    """Area in whole macros."""

    law: Literal["stepped"]
    step_bytes: Positive
    um2_per_step: Positive


AnyLaw = Annotated[CactiLaw | RegisterLaw | CapacityLaw | RatioLaw | LikeLaw, Field(discriminator="law")]
AreaLaw = Annotated[LikeLaw | SteppedLaw, Field(discriminator="law")]


class Addressing(Strict):
    """Address generators of a smart buffer: energy per address bit and access, area per buffer."""

    pj_per_address_bit: NotNegative
    area_um2: NotNegative
    source: Source


class BufferClass(Strict):
    """``[buffer.KIND]``."""

    storage: AnyLaw
    area: AreaLaw | None = None
    addressing: Addressing | None = None
    source: Source

    @model_validator(mode="after")
    def _has_area(self) -> BufferClass:
        if self.area is None and self.storage.law in ("capacity", "ratio"):
            raise ValueError(f"law '{self.storage.law}' gives no area: an area table is missing")
        return self


class Buffers(Strict):
    """``[buffer]``: all four classes."""

    regfile: BufferClass
    smartbuffer_RF: BufferClass  # noqa: N815 - Timeloop's and ArchGym's name
    smartbuffer_SRAM: BufferClass  # noqa: N815
    SRAM: BufferClass


class TechnologyFile(Strict):
    """The whole file."""

    title: Source
    node_nm: Positive
    word_bits: Annotated[int, Field(ge=1)]
    clock: Clock
    mac: Mac
    neighbour: Neighbour | None = None
    dram_like: str | None = None
    dram: dict[str, DramKind] = {}
    buffer: Buffers
