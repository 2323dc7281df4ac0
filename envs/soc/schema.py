"""The form of a user's file: applications, the blocks a chip may be built from, the chip's budgets (see ``files``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from archgym.errors import BadInput, did_you_mean

from .checks import check_capacities, check_graph

Item = TypeVar("Item")
Form = TypeVar("Form", bound="Strict")


def _differ(values: tuple[Item, ...]) -> tuple[Item, ...]:
    for k, value in enumerate(values):
        if value in values[:k]:
            raise ValueError(f"{value!r} is listed twice")
    return values


def _listed(least: int, most: int) -> Any:
    """A list, which is kept as a tuple; its entries are as strict as ever."""
    return Field(min_length=least, max_length=most, strict=False)


# node and application names must not hold the dot that joins them where two applications use the same name
Plain = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_-]{0,99}$")]
Dotted = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}$")]
# a byte at least, so that every edge has a burst to share a link with
Bytes = Annotated[float, Field(ge=1, le=1e12, allow_inf_nan=False)]
Work = Annotated[float, Field(ge=0, le=1e16, allow_inf_nan=False)]
Rate = Annotated[float, Field(ge=1, le=1e18, allow_inf_nan=False)]
Cost = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Budget = Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]
Clock = Annotated[float, Field(ge=1, le=1e12, allow_inf_nan=False)]
Clocks = Annotated[tuple[Clock, ...], _listed(1, 64), AfterValidator(_differ)]
Unroll = Annotated[int, Field(ge=1, le=10**9)]
Unrolls = Annotated[tuple[Unroll, ...], _listed(1, 64), AfterValidator(_differ)]
Width = Annotated[int, Field(ge=1, le=10**6)]
Widths = Annotated[tuple[Width, ...], _listed(1, 64), AfterValidator(_differ)]


class Strict(BaseModel):
    """No unknown keys, nothing converted from text."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class TaskForm(Strict):
    """``[[application.task]]``; see :class:`~archgym.envs.soc.graph.Node`."""

    name: Plain
    role: Literal["task", "source", "sink"] = "task"
    work: Work = 0.0
    outputs: dict[Plain, Bytes] = {}

    @model_validator(mode="after")
    def _fits(self) -> TaskForm:
        if self.role == "task" and self.work < 1:
            raise ValueError(f"work of {self.name!r} must be at least 1 instruction, got {self.work:g}")
        if self.role != "task" and self.work:
            raise ValueError(f"{self.name!r} is a {self.role}: it has no work")
        return self


class ApplicationForm(Strict):
    """``[[application]]``; see :class:`~archgym.envs.soc.graph.Application`."""

    name: Plain
    latency_s: Budget
    last: Plain
    task: Annotated[tuple[TaskForm, ...], _listed(1, 64)]

    @model_validator(mode="after")
    def _fits(self) -> ApplicationForm:
        check_graph(self.task, self.last)
        return self


class ProcessorForm(Strict):
    """``[[processor]]``: it runs any task; energy is of one instruction."""

    name: Dotted
    instructions_per_s: Rate
    energy_j: Cost
    area_m2: Cost
    clock_hz: Clock


class AcceleratorForm(Strict):
    """``[[accelerator]]``: it runs one task, at every unroll and clock; figures are of unroll 1 at 100 MHz."""

    task: Dotted
    name: Dotted | None = None
    unrolls: Unrolls
    clocks_hz: Clocks
    instructions_per_s: Rate
    energy_j: Cost
    area_m2: Cost


class MemoryForm(Strict):
    """``[[memory]]``: one kind of memory at every width and clock."""

    name: Dotted
    kind: Literal["sram", "dram"]
    widths_bytes: Widths
    clocks_hz: Clocks


class BusForm(Strict):
    """``[[bus]]``: one kind of bus at every width and clock."""

    name: Dotted
    widths_bytes: Widths
    clocks_hz: Clocks


class CapacityForm(Strict):
    """What memory of a capacity costs: J of a byte, area of the memory."""

    read_j_per_byte: Cost
    write_j_per_byte: Cost
    area_m2: Cost


class SizeForm(Strict):
    """``[[capacity]]``: one size that memories come in."""

    size_bytes: Annotated[float, Field(ge=1, le=1e15, allow_inf_nan=False)]
    sram: CapacityForm | None = None
    dram: CapacityForm | None = None


class WorkloadForm(Strict):
    """A whole file."""

    power_w: Budget
    area_m2: Budget
    application: Annotated[tuple[ApplicationForm, ...], _listed(1, 8)]
    processor: Annotated[tuple[ProcessorForm, ...], _listed(0, 64)] = ()
    accelerator: Annotated[tuple[AcceleratorForm, ...], _listed(0, 512)] = ()
    memory: Annotated[tuple[MemoryForm, ...], _listed(1, 64)]
    bus: Annotated[tuple[BusForm, ...], _listed(1, 64)]
    capacity: Annotated[tuple[SizeForm, ...], _listed(0, 4096)] = ()

    @model_validator(mode="after")
    def _fits(self) -> WorkloadForm:
        check_capacities(self.capacity, {memory.kind for memory in self.memory})
        return self


_TEXTS = {
    "missing": "is missing",
    "extra_forbidden": "is no field of this table",
    "greater_than": "must be above {gt:g}, got {got}",
    "greater_than_equal": "must be at least {ge:g}, got {got}",
    "less_than_equal": "must be at most {le:g}, got {got}",
    "finite_number": "must be a finite number, got {got}",
    "float_type": "must be a number, got {got}",
    "int_type": "must be a whole number, got {got}",
    "int_from_float": "must be a whole number, got {got}",
    "string_type": "must be a text, got {got}",
    "literal_error": "must be {expected}, got {got}",
    "string_pattern_mismatch": "must be a short name of letters, digits, _ and -, got {got}",
    "tuple_type": "must be a list, got {got}",
    "dict_type": "must be a table, got {got}",
    "model_type": "must be a table, got {got}",
    "too_short": "must not be empty",
    "too_long": "must have at most {max_length} entries, got {actual_length}",
}


def checked(where: str, raw: Any, form: type[Form]) -> Form:
    """``raw``, as it came from a file, in its form.

    Raises:
        BadInput: a field is missing, unknown or wrong; the line has ``where``, the field and the reason.
    """
    try:
        return form.model_validate(raw)
    except ValidationError as error:
        # one unknown key explains the missing one that it was meant for, not the other way round
        details = error.errors()
        first = next((e for e in details if e["type"] == "extra_forbidden"), details[0])
        hint = did_you_mean(str(first["loc"][-1]), _fields(form, first["loc"])) if first["type"] == "extra_forbidden" else ""
        raise BadInput(f"{where}: {_place(first['loc'])}{_reason(first)}{hint}") from None


def _fields(form: type[BaseModel], place: Sequence[int | str]) -> list[str]:
    """The fields of the table in which ``place`` lies."""
    for part in place[:-1]:
        if part in form.model_fields:
            form = _table(form.model_fields[str(part)].annotation) or form
    return list(form.model_fields)


def _table(annotation: Any) -> type[BaseModel] | None:
    """The form within a type such as ``tuple[TaskForm, ...]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _table(part))), None)


def _place(parts: Sequence[int | str]) -> str:
    """``application[2].task[1].work: ``, positions counted from 1, as people count."""
    place = ""
    for part in parts:
        place += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if place else part
    return f"{place}: " if place else ""


def _reason(error: Any) -> str:
    got = repr(error.get("input"))
    text = _TEXTS.get(error["type"])
    if text is None:
        return str(error["msg"]).removeprefix("Value error, ")
    return text.format(**{**error.get("ctx", {}), "got": got if len(got) < 60 else got[:57] + "…"})
