"""Tasks of systems-on-chip: FARSI's applications, alone and together, and generated ones.

In the full space the rules are the clean ones and rows that cannot be built stand for their repair, for next to no random row
can be built; the ``unrepaired`` tasks leave that to the agent. The ``limited`` tasks are the 2023 paper's: its space, FARSI's
own rules, its budgets. Its distance to them is here ``TargetSpec``'s, where meeting a budget by more earns nothing. Reference
values are round figures near the best known: a score of 1 is about the best, and all there is where the goal is a budget.
"""

from __future__ import annotations

from functools import partial

from archgym.objective import Constraint, Minimise, TargetSpec
from archgym.task import FrontMetric, Task, front_metrics, new_task

AUDIO, EDGE, CAVA = "audio_decoder", "edge_detection", "hpvm_cava"
CHIP = f"{AUDIO}+{EDGE}+{CAVA}"
GENERATED, WIDE = "generated:seed=3,tasks=20", "generated:seed=5,tasks=30"
FULL = {"space": "full", "rules": "clean", "illegal": "repaired", "elements": "8", "memories": "4", "buses": "4"}
LARGE = {**FULL, "elements": "16", "memories": "6", "buses": "6"}
LIMITED = {"space": "limited", "rules": "farsi", "illegal": "invalid"}
LATENCY_S = {AUDIO: 0.021, EDGE: 0.034, CAVA: 0.034}
POWER_W, AREA_M2 = 8.737e-3, 1.7475e-5  # of a chip, as FARSI's paper has them, like the latencies
_task = partial(
    new_task, "soc", family="soc", build="archgym.envs.soc.model:build", budget=1024, options=FULL, cards="archgym.envs.soc"
)


def tasks() -> list[Task]:
    """Every task of the family; no model is built."""
    return [*_single(), *_fronts(), *_together(), *_generated(), *_unrepaired(), *_limited()]


def _single() -> list[Task]:
    """One application on a chip of its own, within the other two of its budgets."""
    audio, edge, cava = (_bounds(LATENCY_S[app]) for app in (AUDIO, EDGE, CAVA))
    return [
        _task("audio-budget", AUDIO, TargetSpec(_budget(AUDIO)), _front(0.02), "meet FARSI's budgets"),
        _task("edge-budget", EDGE, TargetSpec(_budget(EDGE)), _front(0.2), "meet FARSI's budgets"),
        _task("cava-budget", CAVA, TargetSpec(_budget(CAVA)), _front(0.2), "meet FARSI's budgets"),
        _task(
            "audio-latency", AUDIO, Minimise("latency_s", 2.7e-3, constraints=audio[1:]), _front(0.02), "fast, cool and small"
        ),
        _task("audio-area", AUDIO, Minimise("area_m2", 8.7e-7, constraints=audio[:2]), _front(0.02), "small, in time and cool"),
        _task(
            "edge-latency", EDGE, Minimise("latency_s", 9.8e-3, constraints=edge[1:]), _front(0.2), "accelerators unrolled far"
        ),
        _task("edge-area", EDGE, Minimise("area_m2", 5.4e-6, constraints=edge[:2]), _front(0.2), "frames are megabytes"),
        _task("cava-energy", CAVA, Minimise("energy_j", 1.03e-6, constraints=cava), _front(0.2), "a chain of seven tasks"),
        _task("cava-area", CAVA, Minimise("area_m2", 7.8e-7, constraints=cava[:2]), _front(0.2), "a chain of seven tasks"),
    ]


def _fronts() -> list[Task]:
    in_time = {app: (Constraint("latency_s", limit),) for app, limit in LATENCY_S.items()}
    power, area = (
        Minimise("power_w", 2.4e-3, constraints=in_time[AUDIO]),
        Minimise("area_m2", 1.4e-6, constraints=in_time[EDGE]),
    )
    both, speed = front_metrics(power_w=4e-2, area_m2=AREA_M2), front_metrics(latency_s=0.2, energy_j=1e-3)
    return [
        _task("audio-front", AUDIO, power, both, "power against area, in time", "hypervolume"),
        _task("edge-front", EDGE, area, front_metrics(latency_s=0.034, area_m2=6e-5), "speed against area", "hypervolume"),
        _task("cava-front", CAVA, Minimise("latency_s", 0.0297), speed, "speed against energy", "hypervolume"),
    ]


def _together() -> list[Task]:
    """Three applications that start together on one chip."""
    budget = {f"{app}_latency_s": limit for app, limit in LATENCY_S.items()} | {"power_w": POWER_W, "area_m2": AREA_M2}
    looser = tuple(Constraint(name, 1.5 * limit) for name, limit in budget.items() if name not in ("power_w", "area_m2"))
    cool, small = Constraint("power_w", 3 * POWER_W), Constraint("area_m2", 1.5 * AREA_M2)
    both = front_metrics(energy_j=5e-3, area_m2=6e-5)
    task = partial(_task, options=LARGE, tags=("together",))
    return [
        task("chip-budget", CHIP, TargetSpec(budget), _front(1.0), "three applications within one chip's budgets"),
        task(
            "chip-energy", CHIP, Minimise("energy_j", 2.3e-4, constraints=(*looser, cool, small)), _front(1.0), "looser budgets"
        ),
        task("chip-area", CHIP, Minimise("area_m2", 6e-6, constraints=(*looser, cool)), _front(1.0), "what can be shared"),
        task("chip-front", CHIP, Minimise("energy_j", 2.3e-4, constraints=looser), both, "energy against area", "hypervolume"),
    ]


def _generated() -> list[Task]:
    budget = {"latency_s": 0.0316, "power_w": 0.0724, "area_m2": 1.77e-5}
    tight = {"latency_s": 0.0148, "power_w": 0.0439, "area_m2": 1.68e-5}
    task = partial(_task, tags=("generated",))
    front = front_metrics(latency_s=0.5, area_m2=1e-4)
    return [
        task("generated20-budget", GENERATED, TargetSpec(budget), front, "a random graph with its own budgets"),
        task("generated30-tight", WIDE, TargetSpec(tight), front, "half of its own budgets: nothing known meets them all"),
    ]


def _unrepaired() -> list[Task]:
    """The agent sees every row that cannot be built, and how far it is from one that can."""
    options = {**FULL, "illegal": "invalid"}
    audio = TargetSpec(_budget(AUDIO))
    edge = Minimise("area_m2", 5.4e-6, constraints=_bounds(LATENCY_S[EDGE])[:2])
    return [
        _task("unrepaired-audio-budget", AUDIO, audio, _front(0.02), "next to no random row can be built", options=options),
        _task("unrepaired-edge-area", EDGE, edge, _front(0.2), "next to no random row can be built", options=options),
    ]


def _limited() -> list[Task]:
    """ArchGym's space of 2023, where one row in 160 to 230 can be built and the latency budgets are out of reach but one."""
    task = partial(_task, tags=("limited",))
    repaired, doc = {**LIMITED, "illegal": "repaired"}, "space, rules and budgets of ArchGym 2023"
    small, hot = Minimise("area_m2", 7.1e-7), Minimise("power_w", 0.03, constraints=(Constraint("area_m2", 9e-7),))
    return [
        task("limited-audio-budget", AUDIO, TargetSpec(_budget(AUDIO)), _front(0.02), doc, options=LIMITED),
        task("limited-edge-budget", EDGE, TargetSpec(_budget(EDGE)), _front(6.0), doc, options=LIMITED),
        task("limited-cava-area", CAVA, small, _front(100.0), "its latency hardly differs there", options=LIMITED),
        task("limited-audio-power", AUDIO, hot, _front(0.02), "every row stands for its repair", options=repaired),
    ]


def _budget(app: str) -> dict[str, float]:
    return {"latency_s": LATENCY_S[app], "power_w": POWER_W, "area_m2": AREA_M2}


def _bounds(latency_s: float) -> tuple[Constraint, ...]:
    return Constraint("latency_s", latency_s), Constraint("power_w", POWER_W), Constraint("area_m2", AREA_M2)


def _front(latency_s: float) -> tuple[FrontMetric, ...]:
    return front_metrics(latency_s=latency_s, area_m2=2 * AREA_M2)
