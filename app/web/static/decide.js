// The threshold control: what somebody picks, types or lets the costs choose, shown everywhere.

import { tieCopy } from "./copy.js";
import { quantity } from "./numbers.js";
import { cheapest, costAt, marksAt, nearest, textsAt } from "./thresholds.js";

const NUMBER = /^(\d+\.?\d*|\.\d+)$/;
const byId = (id) => document.getElementById(id);

export class Decision {
  constructor(points) {
    this.points = points;
    this.place = points.chosen;
    this.field = byId("threshold");
    this.slider = byId("threshold-slider");
    this.slider.max = points.threshold.length - 1;
    this.slider.addEventListener("input", () => this.show(this.slider.max - this.slider.value));
    this.field.addEventListener("input", () => this.type());
    this.field.addEventListener("change", () => this.show(this.place));
    this.field.addEventListener("keydown", (event) => this.step(event));
    byId("threshold-back").addEventListener("click", () => this.show(points.chosen));
    for (const field of this.costFields()) field.addEventListener("input", () => this.choose());
    tieCopy(byId("command-copy"), byId("command"), byId("command-copied"));
    for (const node of document.querySelectorAll("#line [data-control]")) node.hidden = false;
    this.show(this.place);
  }

  costFields() {
    return [byId("cost-miss"), byId("cost-alarm")];
  }

  // While somebody types, the number stays as it is; the nearest point is shown.
  type() {
    const text = this.field.value.trim();
    const isValid = NUMBER.test(text) && Number(text) <= 1;
    tell([this.field], byId("threshold-error"), isValid ? [] : [this.field], "A threshold is a number from 0 to 1.");
    if (isValid) this.show(nearest(this.points, Number(text)), { typing: true });
  }

  step(event) {
    const direction = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!direction) return;
    event.preventDefault();
    this.show(this.place + direction);
  }

  show(place, { typing = false } = {}) {
    const { points } = this;
    this.place = Math.min(Math.max(Number(place), 0), points.threshold.length - 1);
    const texts = textsAt(points, this.place);
    for (const node of document.querySelectorAll("[data-text]")) {
      node.textContent = texts[node.dataset.text];
    }
    for (const cell of document.querySelectorAll("[data-shade]")) this.shade(cell);
    if (!typing) {
      this.field.value = points.threshold[this.place];
      tell([this.field], byId("threshold-error"), [], "");
    }
    this.slider.value = this.slider.max - this.place;
    this.slider.setAttribute("aria-valuetext", texts.threshold);
    for (const [plot, ends] of Object.entries(marksAt(points, this.place))) this.mark(plot, ends);
    this.tellCosts();
  }

  shade(cell) {
    const { points, place } = this;
    const [name, isFlagged] = cell.dataset.shade.split(" ");
    const total = points[name], n = name === "positives" ? points.found[place] : points.alarmed[place];
    const share = (isFlagged === "flagged" ? n : total - n) / Math.max(1, total);
    cell.className = cell.className.replace(/shade-\d+/, `shade-${Math.round(10 * share)}`);
  }

  mark(plot, [x, y]) {
    const { left, right, top, floor } = this.points.frame;
    const isInside = x <= 1 && y <= 1;
    for (const node of document.querySelectorAll(`[data-mark="${plot}"]`)) {
      node.toggleAttribute("hidden", !isInside);
      if (!isInside) continue;
      const px = (left + x * (right - left)).toFixed(1), py = (floor - y * (floor - top)).toFixed(1);
      const places = node.tagName === "line" ? { x1: px, x2: px } : { cx: px, cy: py };
      for (const [name, value] of Object.entries(places)) node.setAttribute(name, value);
    }
  }

  costs() {
    const fields = this.costFields(), texts = fields.map((field) => field.value.trim());
    const wrong = fields.filter((_, k) => texts[k] !== "" && !NUMBER.test(texts[k]));
    tell(fields, byId("cost-error"), wrong, "A cost is a number, 0 or more.");
    const numbers = texts.map(Number);
    return texts.every((text) => NUMBER.test(text)) && Math.max(...numbers) > 0 ? numbers : undefined;
  }

  choose() {
    const costs = this.costs();
    if (costs) this.show(cheapest(this.points, ...costs));
    else this.tellCosts();
  }

  tellCosts() {
    const costs = this.costs();
    byId("cost-result").hidden = !costs;
    if (!costs) return;
    const { points } = this;
    const [miss, alarm] = costs, best = cheapest(points, miss, alarm);
    const perRow = 1000 / (points.positives + points.negatives);
    const none = quantity(miss * points.positives * perRow), all = quantity(alarm * points.negatives * perRow);
    const write = (place) => quantity(costAt(points, place, ...costs));
    const here = costAt(points, this.place, ...costs) === costAt(points, best, ...costs);
    byId("cost-result").textContent =
      `A thousand rows cost ${write(this.place)} at this threshold`
      + (here ? ", where they cost least." : `; they cost least, ${write(best)}, at ${points.threshold[best]}.`)
      + ` Flagging none costs ${none}, flagging all ${all}.`;
  }
}

// Marks the fields that are wrong, and says why.
function tell(fields, note, wrong, message) {
  for (const field of fields) {
    if (wrong.includes(field)) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  }
  const text = wrong.length ? message : "";
  if (note.textContent !== text) note.textContent = text;
}
