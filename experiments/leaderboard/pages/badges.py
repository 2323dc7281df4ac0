"""What was verified of an entrant, as badges, in a table, and what each badge means."""

from __future__ import annotations

from archgym.experiments.leaderboard.board import Entrant
from archgym.experiments.leaderboard.pages.markup import Cell, badge, facts, table, text
from archgym.experiments.report.tables import Column

MEANINGS = {
    "re-run": "Every trial was evaluated again with the same bits, and searches were played again from their seeds with "
    "the same trials; how many is said on the method's page.",
    "replayed": "Every trial was evaluated again with the same bits. That no other evaluations were made is not known.",
    "failed": "Something claimed is wrong; the method is listed, and not ranked.",
    "budget claimed": "The trials shown are as many as the budget; that the method saw no others is proved only where the "
    "agent is one of ArchGym's own and every one of its runs was played again.",
    "tuning claimed": "Some or all of the runs behind the declared cost of tuning are not laid beside.",
    "defaults claimed": "That these are the method's defaults cannot be checked: its agent is not installed here.",
}
_KEPT = "none: kept as a baseline, and verified as said below when that was made; the designs shown were evaluated again now"
_KINDS = {"re-run": "ok", "replayed": "ok", "failed": "bad"}
_SIGNS = {"passed": "ok", "failed": "bad", "not checked": "claim"}


def badges(entrant: Entrant) -> list[str]:
    """The words of an entrant's badges, how its results were verified first."""
    status = {c.name: c.status for c in entrant.checks}
    words: list[str] = [entrant.standing]
    if entrant.standing == "failed":
        return words
    claims = {"budget claimed": "ledger", "tuning claimed": "tuning", "defaults claimed": "ruleset"}
    return words + [word for word, check in claims.items() if status.get(check, "not checked") != "passed"]


def shown(entrant: Entrant) -> str:
    """The badges as HTML, each with what was found."""
    found = {c.name: c.detail for c in entrant.checks if c.name == "search"}
    whys = MEANINGS | ({"re-run": found["search"]} if entrant.standing == "re-run" else {})
    marks = (badge(_KINDS.get(word, "claim"), word, whys[word]) for word in badges(entrant))
    return f'<span class="badges">{"".join(marks)}</span>'


def cell(entrant: Entrant) -> Cell:
    """The badges as a cell, sorted by how much was verified."""
    words = badges(entrant)
    return Cell(shown(entrant), {"re-run": 0, "replayed": 10, "failed": 20}[words[0]] + len(words))


def legend() -> str:
    """What each badge means."""
    pairs = [(badge(_KINDS.get(word, "claim"), word), text(meaning)) for word, meaning in MEANINGS.items()]
    items = "".join(f"<div><dt>{mark}</dt><dd>{meaning}</dd></div>" for mark, meaning in pairs)
    return f'<details class="legend"><summary>What the badges mean</summary><dl class="facts">{items}</dl></details>'


def checks(entrant: Entrant) -> str:
    """Everything that was looked at, with what was found."""
    columns = [Column(n, numeric=False, short=n != "what was found") for n in ("check", "result", "what was found")]
    rows = []
    for check in entrant.checks:
        more = "".join(f"<li>{text(line)}</li>" for line in check.findings[1:])
        found = text(check.detail, 400) + (f'<ul class="findings">{more}</ul>' if more else "")
        rows.append([Cell(text(check.name), head=True), Cell(badge(_SIGNS[check.status], check.status)), Cell(found)])
    return table(f"What was verified of {entrant.name}", columns, rows)


def tuning(entrant: Entrant) -> Cell:
    """The declared cost of tuning, in evaluations."""
    spent = entrant.manifest.tuning.evaluations
    return Cell(f"{spent:,}" if spent else "0", float(spent))


def rules(entrant: Entrant) -> str:
    """The ruleset in a word."""
    return {"self": "self-tuning", "external": "external tuning"}[entrant.manifest.ruleset]


def description(entrant: Entrant) -> str:
    """Ruleset, tuning, versions and contents."""
    manifest = entrant.manifest
    spent = f"{manifest.tuning.evaluations:,} evaluations declared, the runs of {entrant.shown:,} laid beside"
    versions = ", ".join(f"{name} {version}" for name, version in sorted(manifest.versions.items()))
    pairs = [
        ("Verified", shown(entrant)),
        ("Agent", text(manifest.agent)),
        ("Rules", text(rules(entrant))),
        ("Tuning", text(spent) if manifest.tuning.evaluations else "none"),
        ("Suite", text(f"{entrant.suite.name}, {len(entrant.suite.seeds)} seeds, {entrant.suite.budget} evaluations a run")),
        ("Versions claimed", text(versions or "none", 600)),
        ("Files", text(f"SHA-256 {entrant.contents}" if entrant.contents else _KEPT)),
    ]
    return facts(pairs)
