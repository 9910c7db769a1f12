// Another version beside this one: its metrics, and its own prediction for the same row.

import { predict } from "./api.js";
import { element, named } from "./dom.js";
import { decimals, plain, quantity } from "./numbers.js";

export class Comparison {
  constructor(facts) {
    this.facts = facts;
    this.choice = document.getElementById("other");
    this.choice.addEventListener("change", () => this.choose());
  }

  async choose() {
    const version = this.choice.value;
    this.metadata = undefined;
    document.getElementById("comparison").hidden = true;
    this.note("");
    if (!version) return;
    const response = await fetch(this.url("metadata"));
    const metadata = await response.json();
    if (version !== this.choice.value) return;
    if (!response.ok) return this.note(metadata.message);
    this.metadata = metadata;
    document.getElementById("other-version").textContent = version;
    for (const row of document.querySelectorAll("[data-metric]")) showMetric(row, metadata.metrics);
    document.getElementById("comparison").hidden = false;
    await this.show(this.row, this.prediction);
  }

  // What both versions predict for a row; called after each new prediction of this page's version.
  async show(row, prediction) {
    this.row = row;
    this.prediction = prediction;
    const { metadata } = this;
    if (!metadata || !row) return;
    const known = new Set(["id", ...metadata.features.map((feature) => feature.name)]);
    const shared = Object.fromEntries(Object.entries(row).filter(([name]) => known.has(name)));
    const { ok, body } = await predict(this.url(), shared);
    if (metadata !== this.metadata || row !== this.row) return;
    write(document.getElementById("our-prediction"), prediction);
    write(document.getElementById("other-prediction"), ok ? body.prediction : undefined);
    const unused = Object.keys(row).length - Object.keys(shared).length;
    const notes = this.differences();
    if (unused) notes.push(`${metadata.version} does not use ${unused} of these columns.`);
    if (!ok) notes.push(`${metadata.version} cannot predict this row. ${body.message}`);
    this.note(notes.join(" "));
  }

  differences() {
    const { facts, metadata } = this;
    const sameTarget = metadata.target === facts.target && metadata.task === facts.task;
    if (!sameTarget || metadata.positive_class !== facts.positive) {
      return [`${metadata.version} predicts something else, so the metrics cannot be compared.`];
    }
    const same = metadata.training_data.sha256 === facts.data;
    return same ? [] : ["The two versions were evaluated on different data."];
  }

  note(text) {
    const note = document.getElementById("comparison-note");
    note.textContent = text;
    note.hidden = text === "";
  }

  url(page) {
    const base = this.facts.url.replace(/[^/]*$/, this.choice.value);
    return page ? `${base}/${page}` : base;
  }
}

function showMetric(row, metrics) {
  const [ours, theirs] = row.querySelectorAll("td");
  const value = metrics[row.dataset.metric];
  const isError = /error/.test(row.dataset.metric); // in the unit of the target
  const write = isError ? quantity : (number) => decimals(number, 4);
  theirs.textContent = value === undefined ? "–" : write(value);
  const lowerIsBetter = isError || /loss|brier/.test(row.dataset.metric);
  const difference = (value - Number(ours.dataset.value)) * (lowerIsBetter ? -1 : 1);
  const differs = theirs.textContent !== ours.textContent;
  ours.classList.toggle("better", differs && difference < 0);
  theirs.classList.toggle("better", differs && difference > 0);
}

function write(cell, prediction) {
  if (prediction === undefined) return cell.replaceChildren("–");
  if (typeof prediction === "number") return cell.replaceChildren(plain(prediction));
  const best = Object.entries(prediction).sort((a, b) => b[1] - a[1]).slice(0, 3);
  cell.replaceChildren(...best.map(([label, probability]) =>
    element("div", {}, named(label), ` ${plain(probability)}`)));
}
