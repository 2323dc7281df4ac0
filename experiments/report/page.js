"use strict";
// Theme, agents shown or hidden, sortable tables. The address knows #dark, #light and, joined by &, task=… and point=….
const hashParts = () => location.hash.slice(1).split("&");

const theme = {
  isDark: () => {
    const set = document.documentElement.dataset.theme;
    return set ? set === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  },
  set: (name) => { document.documentElement.dataset.theme = name; },
};

function themeFromHash() {
  for (const name of ["dark", "light"]) if (hashParts().includes(name)) theme.set(name);
}

function sortRows(table, column, descending) {
  const body = table.tBodies[0];
  const key = (row) => {
    const cell = row.cells[column];
    return cell.dataset.key === undefined ? cell.textContent.trim() : Number(cell.dataset.key);
  };
  const order = (a, b) => (typeof a === "number" && typeof b === "number"
    ? (a === b ? 0 : a - b) : String(a).localeCompare(String(b), undefined, { numeric: true }));
  const rows = [...body.rows].map((row) => [key(row), row]);
  rows.sort((a, b) => (descending ? order(b[0], a[0]) : order(a[0], b[0])));
  body.append(...rows.map((pair) => pair[1]));
}

function makeSortable(table) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
    const descending = head.getAttribute("aria-sort") === "ascending";
    heads.forEach((other) => other.setAttribute("aria-sort", "none"));
    head.setAttribute("aria-sort", descending ? "descending" : "ascending");
    sortRows(table, column, descending);
  }));
}

function makeChips(section) {
  const chips = [...section.querySelectorAll(".chip:not(.all)")];
  const parts = (agent) => section.querySelectorAll(`[data-agent="${agent}"]`);
  const show = (chip, on) => {
    chip.setAttribute("aria-pressed", String(on));
    for (const part of parts(chip.dataset.chip)) part.classList.toggle("off", !on);
  };
  const emphasise = (agent) => section.querySelectorAll("[data-agent]").forEach((part) => {
    part.classList.toggle("dim", agent !== null && part.dataset.agent !== agent);
  });
  for (const chip of chips) {
    chip.addEventListener("click", () => show(chip, chip.getAttribute("aria-pressed") === "false"));
    for (const name of ["pointerenter", "focus"]) {
      chip.addEventListener(name, (event) => { if (event.pointerType !== "touch") emphasise(chip.dataset.chip); });
    }
    for (const name of ["pointerleave", "blur"]) chip.addEventListener(name, () => emphasise(null));
  }
  section.querySelector(".chip.all").addEventListener("click", () => {
    const any = chips.some((chip) => chip.getAttribute("aria-pressed") === "true");
    chips.forEach((chip) => show(chip, !any));
  });
  section.hiddenAgents = () => new Set(
    chips.filter((chip) => chip.getAttribute("aria-pressed") === "false").map((chip) => chip.dataset.chip));
}

themeFromHash();
addEventListener("hashchange", themeFromHash);
document.getElementById("theme").addEventListener("click", () => theme.set(theme.isDark() ? "light" : "dark"));
document.querySelectorAll("table.sortable").forEach(makeSortable);
document.querySelectorAll("section.task").forEach(makeChips);
