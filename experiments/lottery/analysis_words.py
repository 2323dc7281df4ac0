"""What the figures of a lottery say, in sentences made from its numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from archgym.experiments.lottery.analysis import Analysis
from archgym.experiments.lottery.analysis_claim import Claim, Game
from archgym.experiments.lottery.analysis_luck import Decision
from archgym.experiments.lottery.robust import interquartile_mean
from archgym.experiments.report.words import plural

SOME = 0.05  # a share of plays that is worth a mention
SURE = 0.05  # of a family of tests


def answer(analysis: Analysis) -> list[str]:
    """The reading of the whole, the claim first."""
    return [*_claim(analysis), *_decided(analysis), *_defaults(analysis), *_fewer(analysis), *_trend(analysis)]


def _claim(analysis: Analysis) -> list[str]:
    found = analysis.claim
    if found is None:
        return ["Too few agents play every task, or too few seeds were played, to say who wins under which rules."]
    first, _, lucky, counted, own = found.games
    lines = [
        f"With one random draw and one seed each, {_some(found, first)} win {100 * SOME:g} % of the plays or more; "
        f"{_most(found, first)}.",
        f"By the rules of a sweep (each agent shows its {lucky.name.replace('luckiest of ', 'best of ')} draws, one seed each, "
        f"tuning not counted), {_some(found, lucky)} do; {_most(found, lucky)}.",
        f"With seeds averaged and tuning counted ({counted.doc}), {_some(found, counted)} do; {_most(found, counted)}. "
        f"With the same {found.tries + 1} budgets spent on restarts of the defaults, {_most(found, own)}.",
    ]
    return [*lines, *_sides(analysis, found)]


def _some(found: Claim, game: Game) -> str:
    number = int((game.pooled >= SOME).sum())
    return f"{number} of {len(found.agents)} agents"


def _most(found: Claim, game: Game) -> str:
    best = game.pooled.max()
    names = [agent for agent, share in zip(found.agents, game.pooled, strict=True) if share >= best - 1e-9]
    return f"most often it is {' or '.join(names)} ({100 * best:.0f} %{' each' if len(names) > 1 else ''})"


def _sides(analysis: Analysis, found: Claim) -> list[str]:
    """Groups of tasks side by side."""
    sides = analysis.field.sides
    if len(sides) < 2:
        return []
    number = {
        name: [float(game.winners[[found.tasks.index(task) for task in tasks]].mean()) for game in found.games]
        for name, tasks in sides.items()
    }
    parts = [f"{numbers[0]:.1f} and {numbers[3]:.1f} on {_named(name, sides[name])}" for name, numbers in number.items()]
    return [
        f"The effective number of winners per task, under “{found.games[0].name}” and under “{found.games[3].name}”: "
        f"{'; '.join(parts)} (1 is a sure winner, {len(found.agents)} is a lottery).",
        *_shares(analysis),
    ]


def _named(name: str, tasks: Sequence[str]) -> str:
    return f"the {plural(len(tasks), 'task')} “{name}”"


def _shares(analysis: Analysis) -> list[str]:
    """What decides a run, group by group, and how much there is to decide."""
    told = {d.task: d for d in analysis.decisions if d.total > 0.0}
    lines = []
    for name, tasks in analysis.field.sides.items():
        rows = [told[task] for task in tasks if task in told]
        if rows:
            draw, spread = (100 * np.median(v) for v in ([d.shares[1] for d in rows], [np.sqrt(d.total) for d in rows]))
            lines.append(f"{draw:.0f} % of a standard deviation of {spread:.2g} % of the best known on {_named(name, tasks)}")
    return [f"Share of a run's variance that is the draw's, median over tasks: {'; '.join(lines)}."] if lines else []


def _decided(analysis: Analysis) -> list[str]:
    told = [d.shares for d in analysis.decisions if d.total > 0.0]
    if not told:
        return []
    middle = np.median(told, axis=0)
    return [
        f"What decides a single run: on the median task {100 * middle[0]:.0f} % of the variance lies between agents, "
        f"{100 * middle[1]:.0f} % between draws of one agent's hyperparameters, and {100 * (middle[2] + middle[3]):.0f} % is "
        "down to the seed, alone or together with the draw (medians over tasks of each share; they need not add up)."
    ]


def _defaults(analysis: Analysis) -> list[str]:
    tuned = [row for row in analysis.standings if row.draws]
    if not tuned:
        return []
    better = sum(float(row.defaults.value) > float(row.drawn.value) for row in tuned)
    lines = [f"The defaults of {better} of {len(tuned)} agents do better than their random draws (interquartile means)."]
    lines += _budgets(analysis)
    pooled = [t for t in analysis.tickets if not t.task]
    if pooled:
        free = sum(t.evaluations == 0.0 for t in pooled)
        never = sum(not np.isfinite(t.evaluations) for t in pooled)
        lines.append(
            f"Over all tasks together, {free} of {len(pooled)} agents beat default random search as they are, with 95 % "
            f"confidence; {len(pooled) - free - never} more do once they are tuned, and {never} not with any tuning that this "
            "study can judge."
        )
    return lines


def _budgets(analysis: Analysis) -> list[str]:
    """Draws against restarts, for as many budgets as there are seeds."""
    k = analysis.field.seeds
    known = [c for c in analysis.curves if len(c.designs) >= k > 1]
    if not known:
        return []
    better = sum(float(c.designs[k - 1]) > float(c.restarts[k - 1]) for c in known)
    return [
        f"Of {k} runs, those of {k} random draws are expected to hold a better design than {k} restarts of the defaults for "
        f"{better} of {len(known)} agents: for the others the money is better spent on seeds than on tickets."
    ]


def _fewer(analysis: Analysis) -> list[str]:
    """Agents that play fewer tasks, beside the others on these."""
    field = analysis.field
    lines = []
    for agent in field.agents:
        tasks = field.tasks_of(agent)
        if tasks != field.tasks:
            rivals = [a for a in field.agents if set(tasks) <= set(field.tasks_of(a))]
            lines.append(f"{agent} {_place(analysis, agent, rivals, tasks)}")
    return [f"Agents that play fewer tasks, beside the others on these: {'; '.join(lines)}."] if lines else []


def _place(analysis: Analysis, agent: str, rivals: Sequence[str], tasks: Sequence[str]) -> str:
    iqm = {a: float(interquartile_mean(analysis.field.drawn(a, tasks))) for a in rivals}
    place = 1 + sum(value > iqm[agent] for value in iqm.values())
    best = max(iqm, key=iqm.__getitem__)
    ahead = "" if best == agent else f", {best} {100 * iqm[best]:.1f} %"
    return f"has rank {place} of {len(rivals)} on {plural(len(tasks), 'task')} (random draws {100 * iqm[agent]:.1f} %{ahead})"


def _trend(analysis: Analysis) -> list[str]:
    told = [t for t in analysis.trends if t.p < SURE / len(analysis.trends)]
    if not analysis.trends:
        return []
    parts = [f"{t.name} ({t.rho:+.2f})" for t in told]
    tasks = " or ".join(str(number) for number in sorted({t.tasks for t in analysis.trends}))
    return [
        f"Over {tasks} tasks, of {plural(len(analysis.trends), 'rank correlation')} with the difficulty of "
        f"the task {'none is' if not told else 'these are'} clear of chance (p below {SURE:g} divided by their number)"
        f"{': ' + '; '.join(parts) if told else ''}. The tasks were chosen, not drawn."
    ]


def about_components(analysis: Analysis) -> str:
    """What the components of variance show."""
    clear = [s.agent for s in analysis.spreads if not s.task and s.parts.draw.share.low > 0.5]
    told = [s for s in analysis.spreads if not s.task and s.draws > 1 and s.seeds > 1]
    return (
        f"Of {plural(len(told), 'agent')} with hyperparameters, the draw accounts for more than half of the variance of the "
        f"mean over tasks, with 95 % confidence, for {_list(clear)}. The rest is what one draw makes of one seed: runs are "
        "deterministic, so there is no other noise. A mean over tasks keeps only the luck that tasks have in common."
    )


def about_ranks(analysis: Analysis) -> str:
    """What the rank tests tell apart."""
    parts = []
    for r in analysis.rankings:
        pairs = len(r.agents) * (len(r.agents) - 1) // 2
        parts.append(
            f"{r.name}: Friedman p = {r.p:.2g}; of {pairs} pairs Nemenyi's difference tells {r.told[1]} apart, Wilcoxon's test "
            f"corrected by Holm {r.told[0]}"
        )
    return "; ".join(parts) + ". A bar says that the data do not tell, not that agents are equally good."


def hardest(rows: Sequence[Decision]) -> str:
    """Which share grows from the easiest to the hardest task."""
    if len(rows) < 2:
        return ""
    low, high = rows[0], rows[-1]
    ends = [f"{100 * np.sqrt(d.total):.2g}" for d in (low, high)]
    return (
        f"From the easiest to the hardest of these tasks the standard deviation of a run goes from {ends[0]} to {ends[1]} % of "
        "the best known. A large share of a tiny variance matters to nobody."
    )


def _list(names: Sequence[str]) -> str:
    return "none" if not names else ", ".join(names)
