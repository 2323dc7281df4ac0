"""One page with all there is to read of a lottery, in the look of a study's report; it needs no network and no other file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib import resources
from string import Template

from archgym.experiments.lottery.analysis import Analysis
from archgym.experiments.lottery.analysis_field import Problem
from archgym.experiments.lottery.analysis_words import about_components, about_ranks, answer, hardest
from archgym.experiments.lottery.page_tables import main, rulesets, tasks, trends
from archgym.experiments.report import page as report
from archgym.experiments.report.style import Style
from archgym.experiments.report.svg import Drawing
from archgym.experiments.report.tables import swatch
from archgym.experiments.report.words import plural

CSV = "tables"


@dataclass(frozen=True)
class Part:
    """A section of the page: what it asks, what its figures mean, and which figures and tables (CSV files) these are."""

    anchor: str
    title: str
    explained: str
    figures: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    below: str = ""


def page(analysis: Analysis, drawings: Mapping[str, Drawing]) -> str:
    """The page's text. ``drawings`` by name; those of a task are named ``<task>-anytime`` and ``<task>-draws``."""
    parts = [part for part in _parts(analysis) if part.below or any(name in drawings for name in part.figures)]
    sections = [_answer(analysis), *(_section(part, drawings) for part in parts), _per_task(analysis, drawings)]
    lottery = analysis.field.digest.lottery
    css = report.palette() + _asset("page.css", report.__package__) + _asset("page.css", __package__)
    return Template(_asset("page.html", __package__)).substitute(
        title=escape(lottery.name),
        css=css,
        js=_asset("page.js", report.__package__),
        nav="".join(f'<li><a href="#{anchor}">{escape(title)}</a></li>' for anchor, title in _places(parts)),
        facts=_facts(analysis),
        sections="\n".join(sections),
    )


def _asset(name: str, package: str | None) -> str:
    return resources.files(str(package)).joinpath(name).read_text(encoding="utf-8")


def _places(parts: Sequence[Part]) -> list[tuple[str, str]]:
    return [("answer", "The reading"), *((part.anchor, part.title) for part in parts), ("tasks", "Task by task")]


def _facts(analysis: Analysis) -> str:
    field, digest = analysis.field, analysis.field.digest
    lottery = digest.lottery
    missing = f", {digest.missing:,} of {digest.planned:,} missing" if digest.missing else ""
    fewer = [f"{a} ({len(field.tasks_of(a))} tasks)" for a in field.agents if a not in field.complete]
    facts = [
        ("Runs", f"{len(digest.rows):,} finished{missing}, {lottery.budget:,} evaluations each"),
        ("Agents", plural(len(field.agents), "agent") + (f"; of these play fewer tasks: {', '.join(fewer)}" if fewer else "")),
        ("Tasks", f"{len(field.tasks)} held out, {len(digest.tuning)} for tuning"),
        (
            "Tickets",
            f"up to {plural(lottery.draws, 'draw')} of an agent's hyperparameters from its priors, beside its defaults",
        ),
        ("Seeds", f"{field.seeds} of every ticket, the same for all"),
        (
            "Performance",
            "best score of a run over the best known (1 / (1 + relative regret)); 0 where nothing feasible was found",
        ),
    ]
    items = "".join(f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>" for name, value in facts)
    quick = '<p class="note">Fewer draws or seeds than a lottery needs: a trial of the machinery, not evidence.</p>'
    return f'<dl class="facts">{items}</dl>{quick if lottery.draws < 20 or field.seeds < 5 else ""}'


def _answer(analysis: Analysis) -> str:
    lines = "".join(f"<li>{escape(line)}</li>" for line in answer(analysis))
    return (
        f'<section class="part" id="answer"><h2>The reading</h2><div class="panel"><ul class="reading">{lines}</ul></div>'
        f'<div class="panel">{main(analysis)}{_csv(("agents",))}</div></section>'
    )


def _section(part: Part, drawings: Mapping[str, Drawing]) -> str:
    shown = [drawings[name] for name in part.figures if name in drawings]
    figures = "\n".join(figure(drawing) for drawing in shown)
    below = f'<div class="panel">{part.below}</div>' if part.below else ""
    return (
        f'<section class="part" id="{part.anchor}"><h2>{escape(part.title)}</h2>\n<p class="explained">{part.explained}</p>'
        f'\n<div class="figures">{figures}</div>{below}{_csv(part.tables)}</section>'
    )


def figure(drawing: Drawing) -> str:
    """A drawing in its panel with its files; a wide one takes the whole width, and scrolls where that is too narrow."""
    wide = _width(drawing) > 450.0
    inner = f'<div class="scroll" tabindex="0" role="region" aria-label="{drawing.name}">{drawing.inline}</div>'
    links = "".join(
        f'<a href="{report.FIGURES}/{drawing.name}.{s}" download aria-label="{drawing.name} as {s.upper()}">{s.upper()}</a>'
        for s in ("svg", "png")
    )
    return (
        f'<figure class="panel{" wide" if wide else ""}">{inner if wide else drawing.inline}'
        f'<figcaption><span class="links">Download {links}</span></figcaption></figure>'
    )


def _width(drawing: Drawing) -> float:
    return float(drawing.inline.split('viewBox="', 1)[1].split('"', 1)[0].split()[2])


def _csv(names: Sequence[str]) -> str:
    links = " ".join(f'<a href="{CSV}/{name}.csv" download>{name}.csv</a>' for name in names)
    return f'<p class="note links">Figures as CSV: {links}</p>' if links else ""


def _per_task(analysis: Analysis, drawings: Mapping[str, Drawing]) -> str:
    """Every task with its own figures, agents shown and hidden by buttons."""
    table = f'<div class="panel">{tasks(analysis)}{_csv(("tasks",))}</div>'
    head = f'<section class="part" id="tasks"><h2>Task by task</h2>{table}</section>'
    return head + "\n".join(_task(analysis, p, drawings) for p in analysis.field.problems)


def _task(analysis: Analysis, problem: Problem, drawings: Mapping[str, Drawing]) -> str:
    anchor, task, title = problem.anchor, problem.task, f"{problem.number}. {problem.task}"
    order = analysis.field.digest.lottery.agents
    chips = "".join(
        f'<button type="button" class="chip" aria-pressed="true" data-chip="{order.index(agent)}">'
        f"{swatch(Style(order.index(agent)))}{escape(agent)}</button>"
        for agent in analysis.field.agents
        if task in analysis.field.tasks_of(agent)
    )
    names = [f"{anchor}-{what}" for what in ("draws", "anytime", "attainment")]
    figures = "\n".join(figure(drawings[name]) for name in names if name in drawings)
    return (
        f'<section class="task" id="{anchor}" aria-labelledby="{anchor}-title"><h3 id="{anchor}-title">{escape(title)}</h3>\n'
        f'<div class="chips" role="group" aria-label="Agents shown in the figures of this task">{chips}'
        '<button type="button" class="chip all" data-chip="all">all / none</button></div>\n'
        f'<div class="figures">{figures}</div></section>'
    )


# -- the sections ----------------------------------------------------------------------------------------------------------


def _parts(analysis: Analysis) -> list[Part]:
    return [*_luck(analysis), *_skill(analysis), *_search()]


def _luck(analysis: Analysis) -> list[Part]:
    return [
        Part("winners", "Which agent wins?", _winners(analysis), ("winners",), ("wins",)),
        Part(
            "difficulty",
            "Luck and difficulty",
            "The variance of a run's performance, split into what the agent, its draw, the seed, and draw and seed together "
            "decide. Shares say what decides; only the standard deviations say whether it matters. "
            f"{escape(hardest(analysis.decisions))} The difficulty of a task is the regret that random search has left after "
            "256 evaluations, by its card. Two tasks of one difficulty can differ in all else: a trend over so few is a hint.",
            ("decides", "difficulty"),
            ("decisions", "trends"),
            trends(analysis),
        ),
        Part(
            "components",
            "Luck of the draw and luck of the seed",
            f"{escape(about_components(analysis))} Intervals are modified large-sample intervals of a crossed random-effects "
            "model; for draws with heavy tails they cover 86–90 % rather than 95 %.",
            ("spread", "shares"),
            ("components",),
        ),
    ]


def _winners(analysis: Analysis) -> str:
    found = analysis.claim
    if found is None:
        return ""
    docs = "; ".join(f"<b>{escape(game.name)}</b>: {escape(game.doc)}" for game in found.games)
    return (
        f"Every agent that plays all tasks takes part. {docs}. Agents without hyperparameters restart with other seeds "
        "wherever others draw. All but the last are played again and again with other draws and seeds out of those that "
        "were run, so a share tells how often luck of this kind makes an agent the winner on these tasks, not how often it "
        "would on others; “luckiest” compares maxima, which grow with the number of tries and say nothing of what a user gets. "
        "Equal winners share."
    )


def _skill(analysis: Analysis) -> list[Part]:
    return [
        Part(
            "aggregates",
            "Performance over tasks",
            "The interquartile mean is the mean of the middle half of all runs: neither a lucky run nor a failed one moves it. "
            "Intervals answer for other draws and other seeds on the same tasks, those of the best draw (chosen task by task "
            "on the first seed, scored on the others) for other seeds only. A profile says how many runs are at least so good.",
            ("aggregates", "profiles"),
            ("agents", "profiles"),
        ),
        Part(
            "pairs",
            "Two by two, and ranks",
            "How likely a run of one agent is better than a run of another, averaged over the tasks both play; equal runs "
            f"count half. How much better, it does not say. Ranks over tasks: {escape(about_ranks(analysis))}",
            ("improvement", "ranks"),
            ("improvement", "ranks"),
        ),
        Part(
            "tuning",
            "What tuning buys, and its price",
            "Tuning by k random draws, each tried with one seed; the best is then played with others, so that a lucky seed is "
            "not counted as skill. The band is its 95 % interval, up to a quarter of the draws: of the best of more, these "
            "draws know little. The dashed and dotted lines keep the "
            "best design of all runs, which the tuned run does not count among its own: of k draws, or of k restarts of the "
            "defaults with other seeds. A ticket's price is what must be spent before the agent's "
            "expected performance is above default random search's of <em>one</em> budget.",
            ("tuning", "tickets"),
            ("tuning", "tickets"),
        ),
        Part(
            "rulesets",
            "Two rulesets",
            "External tuning: the draw that is best on a family's tuning tasks, over all their seeds, plays that family's "
            "held-out tasks. Self-tuning: the defaults play all tasks. Agents without hyperparameters play their defaults in "
            "both. Intervals are over seeds: another set of draws might have tuned better or worse.",
            below=rulesets(analysis),
            tables=("rulesets",),
        ),
    ]


def _search() -> list[Part]:
    return [
        Part(
            "time",
            "On the way there",
            "Shortfall is 1 − performance of the best design so far. The expected running time (ERT) counts the evaluations of "
            "runs that fail, too; it is an extrapolation where few succeed. Runs end at the budget: beyond it nothing is "
            "known.",
            ("anytime", "reaches", "running_times"),
            ("anytime", "reached", "targets"),
        ),
        Part(
            "fronts",
            "Fronts",
            "Agents were asked for a high score, not for a front: hypervolume is what the designs on the way left behind. The "
            "luckiest draw is a maximum over draws and hence flattering. What half of the runs of the defaults attain in "
            "each two metrics is drawn with these tasks, below.",
            ("volumes",),
            ("hypervolume", "attainment"),
        ),
    ]
