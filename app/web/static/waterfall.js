// From the average row to this row: one bar per feature, the strongest first. In log-odds, or in the
// unit of the number that a regression predicts.

import { element, named, svg } from "./dom.js";
import { amount, logOdds, plain, quantity } from "./numbers.js";

const MAX_BARS = 10;
const MAX_WORDS = 3; // of a text, beside its bar

export function drawWaterfall(list, { baseline, contributions, words = {} }, row, isNumber = false) {
  const write = isNumber ? amount : logOdds;
  const steps = Object.entries(contributions)
    .map(([name, amount]) => ({ name, value: strongest(words[name], write) || row[name], amount }))
    .sort((a, b) => Math.abs(b.amount) - Math.abs(a.amount));
  const rest = steps.splice(steps.length > MAX_BARS + 1 ? MAX_BARS : steps.length);
  if (rest.length) {
    steps.push({ name: `${rest.length} others`, amount: sum(rest.map((step) => step.amount)) });
  }
  let level = baseline;
  const bars = [{ name: "The average row", from: 0, to: baseline, kind: "total" }];
  for (const step of steps) {
    bars.push({ ...step, from: level, to: level + step.amount, kind: step.amount < 0 ? "down" : "up" });
    level += step.amount;
  }
  bars.push({ name: "This row", from: 0, to: level, kind: "total" });
  // Log-odds are drawn from zero. A price of 250,000 is not: its parts would be too small to see.
  const ends = bars.flatMap((bar) => (isNumber ? [bar.to] : [bar.from, bar.to]));
  const width0 = Math.max(...ends) - Math.min(...ends);
  const low = Math.min(...ends) - (isNumber ? 0.08 * width0 : 0);
  const high = Math.max(Math.max(...ends), low + 1e-9 * (Math.abs(low) || 1));
  if (isNumber) bars[0].from = bars[bars.length - 1].from = low;
  const origin = isNumber ? baseline : 0;
  const place = (z) => `${(2 + (96 * (z - low)) / (high - low)).toFixed(2)}%`;
  const width = (bar) => `${((96 * Math.abs(bar.to - bar.from)) / (high - low)).toFixed(2)}%`;
  list.replaceChildren(...bars.map((bar) => item(bar, place, width, origin, write, isNumber)));
  return level;
}

function item(bar, place, width, origin, writeAmount, isNumber) {
  const isTotal = bar.kind === "total";
  const name = element("span", { class: "name" }, named(bar.name));
  if ("value" in bar && bar.value !== undefined) {
    name.append(" ", element("span", { class: "quiet" }, element("bdi", {}, write(bar.value))));
  }
  const drawing = svg("svg", { class: "effect-bar", "aria-hidden": "true", width: "100%", height: "20" },
    svg("line", { class: "zero", x1: place(origin), x2: place(origin), y1: "0", y2: "20" }),
    svg("rect", { class: bar.kind, x: place(Math.min(bar.from, bar.to)), width: width(bar), y: "4", height: "12", rx: "2" }));
  const text = isTotal && isNumber ? quantity(bar.to) : writeAmount(isTotal ? bar.to : bar.amount);
  const figure = element("span", { class: "amount" }, text);
  return element("li", { class: isTotal ? "total" : "step" }, name, drawing, figure);
}

// What the strongest words of a text add; empty if it has none that the model knows.
function strongest(words = {}, write) {
  return Object.entries(words).slice(0, MAX_WORDS).map(([word, added]) => `${word} ${write(added)}`).join(", ");
}

function write(value) {
  if (value === null) return "missing";
  return typeof value === "number" ? plain(value) : String(value);
}

function sum(numbers) {
  return numbers.reduce((total, each) => total + each, 0);
}
