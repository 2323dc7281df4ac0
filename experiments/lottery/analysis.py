"""All that is read from a lottery's digest, as plain figures; `tables` of them and pictures are made elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from archgym.experiments.lottery import analysis_claim, analysis_luck, analysis_rank, analysis_time, analysis_tune
from archgym.experiments.lottery.analysis_claim import Claim, Trend
from archgym.experiments.lottery.analysis_field import Field, read_field
from archgym.experiments.lottery.analysis_luck import Decision, Spread
from archgym.experiments.lottery.analysis_rank import Matrix, Place, Ranking, Standing
from archgym.experiments.lottery.analysis_time import Anytime, Reach, Running, Surface, Volume
from archgym.experiments.lottery.analysis_tune import Curve, Ticket
from archgym.experiments.lottery.crossed import Interval
from archgym.experiments.lottery.digest import Digest


@dataclass(frozen=True)
class Analysis:
    """The reading of a lottery; each part says in its own class what it is. Lists are empty where runs do not suffice.

    Args:
        field: tasks, agents and performances.
        standings: interquartile means per agent.
        spreads: variance components per agent, pooled and per task.
        decisions: what decides a run, per task.
        claim: who wins under which rules.
        trends: how luck goes with difficulty.
        profiles, default_profiles: performance profiles per agent.
        improvements, default_improvements: probabilities of improvement.
        rankings: mean ranks and tests.
        self_tuned, externally_tuned: the two rulesets.
        curves: what tuning buys.
        tickets: what it costs to beat random search.
        anytime, running, reaches: searches over time.
        volumes, surfaces: hypervolumes and median attainment surfaces on multi-objective tasks.
    """

    field: Field
    standings: list[Standing]
    spreads: list[Spread]
    decisions: list[Decision]
    claim: Claim | None
    trends: list[Trend]
    profiles: dict[str, Interval]
    default_profiles: dict[str, Interval]
    improvements: Matrix
    default_improvements: Matrix
    rankings: list[Ranking]
    self_tuned: list[Place]
    externally_tuned: list[Place]
    curves: list[Curve]
    tickets: list[Ticket]
    anytime: list[Anytime]
    running: list[Running]
    reaches: list[Reach]
    volumes: list[Volume]
    surfaces: list[Surface]


def analyse(digest: Digest) -> Analysis:
    """Read a digest; the same digest gives the same figures.

    Configurations that lack a seed are left out, and so are agents without complete defaults on any held-out task.
    """
    field = read_field(digest)
    found, parts = analysis_claim.claim(field), analysis_luck.decisions(field)
    return Analysis(
        field=field,
        standings=analysis_rank.standings(field),
        spreads=analysis_luck.spreads(field),
        decisions=parts,
        claim=found,
        trends=analysis_claim.trends(field, found, parts),
        profiles=analysis_rank.profiles(field, True),
        default_profiles=analysis_rank.profiles(field, False),
        improvements=analysis_rank.improvements(field, True),
        default_improvements=analysis_rank.improvements(field, False),
        rankings=analysis_rank.rankings(field),
        self_tuned=analysis_rank.self_tuned(field),
        externally_tuned=analysis_rank.externally_tuned(field),
        curves=analysis_tune.curves(field),
        tickets=analysis_tune.tickets(field),
        anytime=analysis_time.anytime(field),
        running=analysis_time.running_times(field),
        reaches=analysis_time.reaches(field),
        volumes=analysis_time.volumes(field),
        surfaces=analysis_time.surfaces(field),
    )
