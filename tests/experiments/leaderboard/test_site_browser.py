"""The site in a browser without a window: no errors, sortable, filtered, nothing wider than a phone."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from site_helpers import enter, make_suite

from archgym.experiments.leaderboard import suites
from archgym.experiments.leaderboard.site import build

BROWSER = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")

FLAGS = "--headless --no-sandbox --disable-gpu --disable-background-networking --no-first-run --enable-logging=stderr"
PHONE = 390
HARNESS = """<!DOCTYPE html><body>PAGES<pre id="out"></pre><script>
const look = (w, d) => { PROBE };
addEventListener("load", () => setTimeout(() => {
  const found = {};
  for (const f of document.querySelectorAll("iframe")) {
    try { found[f.dataset.page] = look(f.contentWindow, f.contentDocument); }
    catch (error) { found[f.dataset.page] = { error: String(error) }; }
  }
  document.getElementById("out").textContent = JSON.stringify(found).replaceAll("<", "\\u003c").replaceAll("&", "\\u0026");
}, 300));
</script></body>"""


@pytest.fixture(scope="module")
def shown(_plugin: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A site with two rulesets."""
    folder, subs = tmp_path_factory.mktemp("suites"), tmp_path_factory.mktemp("subs")
    make_suite(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(suites, "FOLDER", folder)
        tuned = {"ruleset": "external", "tuning": {"evaluations": 5000, "runs": []}}
        made = [enter(subs / "blind", "random"), enter(subs / "Family", "genetic", method="word" * 80)]
        made += [enter(subs / "forty-letters-and-not-a-single-space-now", "genetic", {"population": 6}, **tuned)]
        yield build(made, tmp_path_factory.mktemp("site")).parent


@pytest.fixture(scope="module")
def visit(shown: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict[str, Any]]:
    """Open pages, each in a frame as wide as a phone, and look at them by a function body of ``w`` and ``d``."""

    def look(probe: str, pages: list[str], *flags: str) -> dict[str, Any]:
        place = tmp_path_factory.mktemp("visit")
        style = f"border:0;width:{PHONE}px;height:800px"
        frames = "".join(f'<iframe data-page="{p}" src="{(shown / p).as_uri()}" style="{style}"></iframe>' for p in pages)
        (place / "harness.html").write_text(HARNESS.replace("PAGES", frames).replace("PROBE", probe), encoding="utf-8")
        command = [str(BROWSER), *FLAGS.split(), "--allow-file-access-from-files", f"--user-data-dir={place / 'profile'}"]
        command += [*flags, "--virtual-time-budget=5000", "--dump-dom", (place / "harness.html").as_uri()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        said = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
        assert not said, said
        found = re.search(r'<pre id="out">(.*?)</pre>', done.stdout, re.S)
        assert found, done.stdout[-2000:]
        result = dict(json.loads(found[1]))
        assert not [page for page, one in result.items() if "error" in one], result
        return result

    return look


def _all(shown: Path) -> list[str]:
    return [str(p.relative_to(shown)) for p in sorted(shown.rglob("*.html"))]


def test_no_page_says_an_error_or_is_wider_than_a_phone(shown: Path, visit: Callable[..., dict[str, Any]]) -> None:
    probe = (
        "return { inner: w.innerWidth, wide: d.documentElement.scrollWidth, policy: !!d.querySelector('meta[http-equiv]') };"
    )
    for page, found in visit(probe, _all(shown)).items():
        assert found["inner"] == PHONE and found["policy"], (page, found)
        assert found["wide"] <= PHONE, f"{page} is {found['wide']} px wide"


def test_tables_are_sorted_by_a_click_and_say_so(visit: Callable[..., dict[str, Any]]) -> None:
    probe = """
      const table = d.querySelector("table.sortable"), head = table.tHead.rows[0].cells[2];
      const button = head.querySelector("button");
      const keys = () => [...table.tBodies[0].rows].map((row) => Number(row.cells[2].dataset.key));
      const steps = [];
      for (let k = 0; k < 2; k += 1) { button.click(); steps.push([head.getAttribute("aria-sort"), keys()]); }
      table.tHead.rows[0].cells[0].querySelector("button").click();
      const names = [...table.tBodies[0].rows].map((row) => row.cells[0].textContent);
      button.focus();
      return { steps, names, left: head.getAttribute("aria-sort"), focus: d.activeElement === button };"""
    (found,) = visit(probe, ["pair-v0/index.html"]).values()
    (up, rising), (down, falling) = found["steps"]
    assert (up, down, found["left"], found["focus"]) == ("ascending", "descending", "none", True)
    assert rising == sorted(rising) and falling == sorted(rising, reverse=True) and len(set(rising)) > 1
    assert found["names"] == sorted(found["names"], key=str.casefold)


def test_the_filter_shows_one_ruleset(visit: Callable[..., dict[str, Any]]) -> None:
    probe = """
      const select = d.querySelector("select[data-filters]"), rows = [...d.querySelectorAll("tr[data-mark]")];
      const shown = (value) => { select.value = value; select.dispatchEvent(new w.Event("change"));
        return rows.filter((row) => row.getClientRects().length).map((row) => row.dataset.mark); };
      return { external: shown("external"), self: shown("self"), all: shown("") };"""
    (found,) = visit(probe, ["pair-v0/index.html"]).values()
    assert found == {"external": ["external"], "self": ["self", "self"], "all": found["all"]} and len(found["all"]) == 3


def test_the_front_is_drawn_and_a_design_can_be_read_with_keys(visit: Callable[..., dict[str, Any]]) -> None:
    probe = """
      const plot = d.querySelector(".plot svg"), marks = d.querySelectorAll(".plot .mark").length;
      plot.dispatchEvent(new w.KeyboardEvent("keydown", { key: "Home", bubbles: true }));
      return { marks, detail: d.querySelector(".detail").textContent };"""
    (found,) = visit(probe, ["pair-v0/tasks/toy-latency-v0.html"]).values()
    assert found["marks"] > 0 and "archgym evaluate toy-latency-v0" in found["detail"]


@pytest.mark.parametrize(("scheme", "dark"), [(0, True), (1, False)])
def test_the_theme_is_the_readers_until_it_is_switched(scheme: int, dark: bool, visit: Callable[..., dict[str, Any]]) -> None:
    probe = """
      const paper = () => w.getComputedStyle(d.body).backgroundColor, before = paper();
      d.getElementById("theme").click();
      return { before, after: paper() };"""
    (found,) = visit(probe, ["index.html"], f"--blink-settings=preferredColorScheme={scheme}").values()
    themes = ["rgb(245, 247, 250)", "rgb(15, 19, 26)"]
    assert [found["before"], found["after"]] == (themes[::-1] if dark else themes)
