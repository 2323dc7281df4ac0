// The interactive Pareto front of one task.
class Front {
  constructor(node, section, task, agents) {
    Object.assign(this, { node, section, task, agents, selected: null, pinned: false });
    this.plot = node.querySelector(".plot");
    this.detail = node.querySelector(".detail");
    this.axes = [0, 1];
    this.log = task.axes.map((axis) => axis.log);
    this.items = [
      ...task.points.map(([run, trial, score, design, values]) => ({ run, trial, score, design, values })),
      ...task.known.map(([design, values]) => ({ run: null, design, values })),
    ];
    this.controls(node.querySelector(".controls"));
    this.listen();
    // One frame later: a plot that draws itself while its own size is observed is a loop to the browser.
    new ResizeObserver(() => requestAnimationFrame(() => this.draw())).observe(this.plot);
  }

  controls(box) {
    ["horizontal", "vertical"].forEach((name, which) => {
      const label = html(box, "label", `${name}: `);
      const select = html(label, "select");
      this.task.axes.forEach((axis, i) => { html(select, "option", axis.title).value = i; });
      select.value = this.axes[which];
      const log = html(box, "label", "");
      const tick = html(log, "input");
      tick.type = "checkbox";
      log.append("log");
      tick.setAttribute("aria-label", `logarithmic ${name} axis`);
      const sync = () => { tick.checked = this.log[this.axes[which]]; };
      select.addEventListener("change", () => { this.axes[which] = Number(select.value); sync(); this.draw(); });
      tick.addEventListener("change", () => { this.log[this.axes[which]] = tick.checked; this.draw(); });
      sync();
    });
  }

  listen() {
    this.plot.addEventListener("pointermove", (event) => { if (!this.pinned) this.near(event, 24); });
    this.plot.addEventListener("click", (event) => { this.pinned = this.near(event, 30); this.remember(); });
    this.plot.addEventListener("keydown", (event) => this.key(event));
    for (const chip of this.section.querySelectorAll(".chip")) {
      chip.addEventListener("click", () => this.draw());
    }
  }

  place(item, axis) {
    const { metric, factor } = this.task.axes[axis];
    const value = item.values[metric];
    return value === null || value === undefined ? NaN : value * factor;
  }

  pair(item) { return this.axes.map((axis) => this.place(item, axis)); }

  usable(axis, value) { return Number.isFinite(value) && (!this.log[axis] || value > 0); }

  style(item) { return this.agents[this.task.agents[this.task.runs[item.run].agent].style]; }

  styleIndex(item) { return String(this.task.agents[this.task.runs[item.run].agent].style); }

  draw() {
    const width = Math.max(this.plot.clientWidth, 260), height = Math.round(Math.min(560, Math.max(330, width * 0.62)));
    const focused = this.plot.contains(document.activeElement);
    this.plot.replaceChildren();
    const label = `Pareto front of ${this.task.task}: ${this.task.axes.map((a) => a.title).join(", ")}. Arrow keys go from design to design.`;
    this.svg = el(this.plot, "svg", { viewBox: `0 0 ${width} ${height}`, height, tabindex: 0, role: "application", "aria-label": label });
    const hidden = this.section.hiddenAgents();
    this.shown = this.items.map((item, index) => ({ item, index, at: this.pair(item) }))
      .filter(({ item, at }) => at.every((v, i) => this.usable(this.axes[i], v)) && !(item.run !== null && hidden.has(this.styleIndex(item))));
    this.frame(width, height);
    this.marks();
    if (focused) this.svg.focus({ preventScroll: true });
    this.ring();
  }

  frame(width, height) {
    const box = { left: 66, right: width - 12, top: 12, bottom: height - 50 };
    const [a, b] = this.axes;
    this.x = scale(this.shown.map((s) => s.at[0]), this.log[a], box.left, box.right, Math.max(3, width / 110));
    this.y = scale(this.shown.map((s) => s.at[1]), this.log[b], box.bottom, box.top, 8);
    const clip = `${this.node.dataset.front}-clip`;
    el(el(el(this.svg, "defs", {}), "clipPath", { id: clip }), "rect",
      { x: box.left, y: box.top, width: box.right - box.left, height: box.bottom - box.top });
    this.ticks(box);
    const middle = (box.top + box.bottom) / 2;
    el(this.svg, "text", { x: (box.left + box.right) / 2, y: height - 10, "text-anchor": "middle" }, this.task.axes[a].title);
    el(this.svg, "text", { x: 0, y: 0, "text-anchor": "middle", transform: `translate(15 ${middle}) rotate(-90)` }, this.task.axes[b].title);
    this.inside = el(this.svg, "g", { "clip-path": `url(#${clip})` });
  }

  ticks(box) {
    let last = -Infinity;
    if (!this.shown.length) return void el(this.svg, "path", { class: "frame", d: `M${box.left} ${box.top}V${box.bottom}H${box.right}` });
    for (const v of this.x.ticks) {
      const at = this.x(v);
      el(this.svg, "line", { class: "gridline", x1: at, x2: at, y1: box.top, y2: box.bottom });
      if (at - last < 44) continue;
      el(this.svg, "text", { class: "tick", x: at, y: box.bottom + 18, "text-anchor": "middle" }, figure(v, 6));
      last = at;
    }
    for (const v of this.y.ticks) {
      const at = this.y(v);
      el(this.svg, "line", { class: "gridline", x1: box.left, x2: box.right, y1: at, y2: at });
      el(this.svg, "text", { class: "tick", x: box.left - 7, y: at + 4, "text-anchor": "end" }, figure(v, 6));
    }
    el(this.svg, "path", { class: "frame", d: `M${box.left} ${box.top}V${box.bottom}H${box.right}` });
  }

  marks() {
    this.cloud();
    const known = this.shown.filter((s) => s.item.run === null);
    if (known.length) {
      el(this.inside, "path", { class: "known", d: stairs(frontOf(known.map((s) => s.at), ...this.sense()), this.x, this.y) });
    }
    for (const s of known) el(this.inside, "circle", { class: "knownpoint", r: 2.6, cx: this.x(s.at[0]), cy: this.y(s.at[1]) });
    for (const s of this.shown) {
      if (s.item.run === null) continue;
      const style = this.style(s.item), at = `translate(${this.x(s.at[0]).toFixed(1)} ${this.y(s.at[1]).toFixed(1)})`;
      el(this.inside, "path", { class: "mark", d: style.path, transform: at, style: `fill:${style.colour}`, "data-agent": this.styleIndex(s.item) });
    }
    if (!this.shown.length) {
      el(this.svg, "text", { x: "50%", y: "45%", "text-anchor": "middle" }, this.items.length ? "no agent selected" : "no feasible design was found");
    }
  }

  cloud() {
    let path = "";
    for (const row of this.task.cloud) {
      const [x, y] = this.axes.map((axis) => row[axis] * this.task.axes[axis].factor);
      if (this.usable(this.axes[0], x) && this.usable(this.axes[1], y) && this.x.holds(x) && this.y.holds(y)) {
        path += `M${this.x(x).toFixed(1)} ${this.y(y).toFixed(1)}m-1.6 0a1.6 1.6 0 1 0 3.2 0a1.6 1.6 0 1 0 -3.2 0`;
      }
    }
    el(this.inside, "path", { class: "cloud", d: path });
  }

  sense() { return this.axes.map((axis) => (this.task.axes[axis].down ? -1 : 1)); }

  near(event, reach) {
    const box = this.svg.getBoundingClientRect();
    const px = event.clientX - box.left, py = event.clientY - box.top;
    let best = null, least = reach;
    for (const s of this.shown) {
      const far = Math.hypot(this.x(s.at[0]) - px, this.y(s.at[1]) - py) + (s.item.run === null ? 3 : 0);
      if (far < least) { least = far; best = s.index; }
    }
    if (best !== null) this.select(best);
    return best !== null;
  }

  key(event) {
    const order = [...this.shown].sort((a, b) => a.at[0] - b.at[0] || a.at[1] - b.at[1] || a.index - b.index).map((s) => s.index);
    const here = order.indexOf(this.selected), last = order.length - 1;
    const to = { ArrowRight: here + 1, ArrowUp: here + 1, ArrowLeft: here - 1, ArrowDown: here - 1, Home: 0, End: last }[event.key];
    if (event.key === "Enter" && here >= 0) this.remember();
    if (event.key === "Escape") this.pinned = false;
    if (to === undefined || last < 0) return;
    event.preventDefault();
    this.pinned = true;
    this.select(order[Math.min(Math.max(to, 0), last)]);
  }

  select(index) {
    if (index === this.selected) return;
    this.selected = index;
    this.ring();
    this.describe(this.items[index]);
  }

  ring() {
    this.svg.querySelector(".ring")?.remove();
    const s = this.shown.find((candidate) => candidate.index === this.selected);
    if (s) el(this.svg, "circle", { class: "ring", r: 10, cx: this.x(s.at[0]), cy: this.y(s.at[1]) });
  }

  remember() {
    if (this.selected === null) return;
    const dark = hashParts().filter((part) => part === "dark" || part === "light");
    history.replaceState(null, "", `#${[...dark, `task=${this.node.dataset.front}`, `point=${this.selected}`].join("&")}`);
  }

  describe(item) {
    describeDesign(this.detail, this.task, item, item.run === null ? null : this.style(item).label);
  }
}

function describeDesign(box, task, item, agent) {
  box.replaceChildren();
  const run = item.run === null ? null : task.runs[item.run];
  html(box, "h4", run ? agent : task.exact ? "True front" : "Best-known front");
  if (run) {
    const regret = task.best && item.score > 0 ? `, regret ${figure(100 * (task.best / item.score - 1), 3)} %` : "";
    html(box, "p", `seed ${run.seed}, trial ${item.trial + 1} of ${run.trials}, run ${run.id}`, "sub");
    html(box, "p", `score ${figure(item.score)}${regret}`, "sub");
  }
  const table = html(box, "table"), body = html(table, "tbody");
  const values = item.design.map((v, k) => (run ? task.knobs[k].values[v] : v));
  heading(body, "metrics");
  task.metrics.forEach((m, j) => {
    if (item.values[j] !== null && item.values[j] !== undefined) line(body, m.label, `${figure(item.values[j] * m.factor)} ${m.unit}`);
  });
  heading(body, "design");
  task.knobs.forEach((knob, k) => line(body, knob.name, `${values[k]} ${knob.unit}`));
  const options = Object.entries(task.options).map(([k, v]) => ` --option ${quoted(`${k}=${v}`)}`).join("");
  const set = task.knobs.map((knob, k) => ` --set ${quoted(`${knob.name}=${values[k]}`)}`).join("");
  const more = html(box, "details");
  html(more, "summary", "Evaluate it again");
  html(html(more, "pre"), "code", `archgym evaluate ${quoted(task.task)}${options}${set}`);
}

function quoted(word) { return /^[\w=.,:+@%/-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`; }

function heading(body, text) {
  const cell = html(html(body, "tr"), "th", text);
  cell.colSpan = 2;
}

function line(body, name, value) {
  const row = html(body, "tr");
  html(row, "th", name).scope = "row";
  html(row, "td", value.trim());
}

function openFromHash(fronts) {
  const wanted = Object.fromEntries(hashParts().filter((part) => part.includes("=")).map((part) => part.split("=")));
  if (wanted.point === undefined) return;
  const front = fronts.find((f) => f.node.dataset.front === wanted.task) || fronts[0];
  if (!front || !front.items[Number(wanted.point)]) return;
  front.draw();
  front.pinned = true;
  front.select(Number(wanted.point));
  front.node.scrollIntoView({ block: "start", behavior: "instant" });
}

const reportData = JSON.parse(document.getElementById("report-data").textContent);
const fronts = [...document.querySelectorAll("[data-front]")].map((node, i) => {
  const section = node.closest("section.task");
  return new Front(node, section, reportData.tasks[i], reportData.agents);
});
openFromHash(fronts);
addEventListener("hashchange", () => openFromHash(fronts));
