// A small plotting kit: linear and log scales with ticks, SVG elements made without parsing any text as HTML.
const SVG = "http://www.w3.org/2000/svg";

function el(parent, name, attributes, text) {
  const node = document.createElementNS(SVG, name);
  for (const key in attributes) node.setAttribute(key, attributes[key]);
  if (text !== undefined) node.textContent = text;
  parent.append(node);
  return node;
}

function html(parent, name, text, className) {
  const node = document.createElement(name);
  if (text !== undefined) node.textContent = text;
  if (className) node.className = className;
  parent.append(node);
  return node;
}

function figure(value, digits = 4) {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e7)) return value.toExponential(2);
  return Number(value.toPrecision(digits)).toLocaleString("en", { maximumFractionDigits: 10 });
}

function linearTicks(low, high, wanted) {
  const rough = (high - low) / wanted, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough / 1.5);
  const ticks = [];
  for (let k = Math.ceil(low / step); k * step <= high * (1 + 1e-12); k += 1) ticks.push(k * step);
  return ticks;
}

function logTicks(low, high, wanted) {
  const ticks = [];
  const decades = Math.log10(high / low);
  const multiples = decades < 1 ? [1, 2, 3, 4, 5, 6, 8] : decades < 2.5 ? [1, 2, 5] : [1];
  for (let d = Math.floor(Math.log10(low)); d <= Math.ceil(Math.log10(high)); d += 1) {
    for (const m of multiples) if (m * 10 ** d >= low && m * 10 ** d <= high) ticks.push(m * 10 ** d);
  }
  return ticks.length < 3 ? linearTicks(low, high, wanted) : ticks;
}

// A scale from data to pixels; values are of one sign where log is asked for.
function scale(values, log, from, to, wanted) {
  let low = Math.min(...values), high = Math.max(...values);
  if (!values.length) { low = log ? 1 : 0; high = 10; }
  const map = log ? Math.log10 : (v) => v;
  const span = map(high) - map(low), pad = span > 0 ? 0.07 * span : log ? 0.1 : Math.abs(low) * 0.1 || 1;
  const start = map(low) - pad, end = map(high) + pad;
  const back = (v) => (log ? 10 ** v : v);
  const at = (v) => from + (map(v) - start) / (end - start) * (to - from);
  at.ticks = (log ? logTicks : linearTicks)(back(start), back(end), wanted);
  at.holds = (v) => map(v) >= start && map(v) <= end;
  return at;
}

// The corners of a two-dimensional front; down = +1 where less is better, -1 where more is.
function frontOf(pairs, downX, downY) {
  const sorted = [...pairs].sort((a, b) => downX * (a[0] - b[0]) || downY * (a[1] - b[1]));
  const kept = [];
  for (const pair of sorted) {
    if (!kept.length || downY * (kept[kept.length - 1][1] - pair[1]) > 0) kept.push(pair);
  }
  return kept;
}

function stairs(points, x, y) {
  return points.map((p, i) => (i ? `H${x(p[0]).toFixed(1)}V${y(p[1]).toFixed(1)}`
    : `M${x(p[0]).toFixed(1)} ${y(p[1]).toFixed(1)}`)).join("");
}
