"""What the two JSON files of a submission may say."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

FORMAT = 1
_AGENT = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$"

_STRICT = ConfigDict(extra="forbid", frozen=True)
_Hash = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9a-f]{16}$")]
_Digest = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9a-f]{64}$")]
_Short = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9 ._+-]{0,60}$")]
_Versions = Annotated[dict[_Short, _Short], Field(max_length=40)]
_Count = Annotated[int, Field(strict=True, ge=0, le=10**12)]
_Real = Annotated[float, Field(strict=True, allow_inf_nan=False)]
_Seconds = Annotated[float, Field(strict=True, ge=0, le=1e9, allow_inf_nan=False)]
_Key = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9_]{1,64}$")]
_Text = Annotated[str, StringConstraints(strict=True, max_length=200)]
_Value = _Text | bool | int | float


class SuiteRef(BaseModel):
    """The suite that was played."""

    model_config = _STRICT
    name: Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z][a-z0-9-]{0,40}-v[0-9]{1,3}$")]
    hash: _Hash


class Tuning(BaseModel):
    """What finding the configuration cost: evaluations in all, and ids of those runs that are laid beside."""

    model_config = _STRICT
    evaluations: _Count = 0
    runs: tuple[_Hash, ...] = ()


class Manifest(BaseModel):
    """``submission.json``."""

    model_config = _STRICT
    format: Literal[1]
    suite: SuiteRef
    name: Annotated[str, StringConstraints(strict=True, pattern=NAME)]
    agent: Annotated[str, StringConstraints(strict=True, pattern=_AGENT)]
    method: Annotated[str, StringConstraints(strict=True, max_length=2000)] = ""
    url: Annotated[str, StringConstraints(strict=True, max_length=300)] = ""
    ruleset: Literal["self", "external"]
    tuning: Tuning = Tuning()
    versions: _Versions = {}

    @field_validator("method")
    @classmethod
    def _text(cls, text: str) -> str:
        if not all(c.isprintable() or c == "\n" for c in text):
            raise ValueError("must be printable text: no control characters, no marks of writing direction")
        return text

    @field_validator("url")
    @classmethod
    def _link(cls, text: str) -> str:
        if text and not re.fullmatch(r"https://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~%/?#=&+,;:@!*()-]*)?", text):
            raise ValueError("must be an https:// address")
        return text


class Model(BaseModel):
    """The cost model that a run was made with."""

    model_config = _STRICT
    version: _Short
    fingerprint: _Hash


class Summary(BaseModel):
    """A run's own figures; verification makes them again from its trials."""

    model_config = _STRICT
    evaluations: _Count
    unique: _Count
    feasible: _Count
    best_score: _Real
    best_value: _Real | None
    best_trial: _Count
    best_design: Annotated[dict[_Key, _Value], Field(max_length=1000)]
    hypervolume: _Real


class Spec(BaseModel):
    """What a run is made of; :meth:`archgym.spec.RunSpec.from_dict` looks at it once more."""

    model_config = _STRICT
    task: Annotated[str, StringConstraints(strict=True, max_length=100)]
    agent: Annotated[str, StringConstraints(strict=True, pattern=_AGENT)]
    config: Annotated[dict[_Key, _Value], Field(max_length=100)]
    seed: _Count
    budget: _Count
    options: Annotated[dict[_Key, _Text], Field(max_length=0)]


class RunManifest(BaseModel):
    """``run.json`` of a complete run."""

    model_config = _STRICT
    format: Literal[1]
    status: Literal["complete"]
    id: _Hash
    spec: Spec
    model: Model
    versions: _Versions
    host: dict[Literal["machine", "system"], _Short]
    summary: Summary
    digest: _Digest
    timing: Annotated[dict[_Key, _Seconds], Field(max_length=10)]
