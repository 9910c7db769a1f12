// A model's page: it predicts as you type, and everything else follows the prediction.

import { predict } from "./api.js";
import { Comparison } from "./compare.js";
import { tieCopy } from "./copy.js";
import { Decision } from "./decide.js";
import { element, named, svg } from "./dom.js";
import { RowForm } from "./form.js";
import { logOdds, plain } from "./numbers.js";
import { LANGUAGES } from "./snippets.js";
import { drawWaterfall } from "./waterfall.js";

const DEBOUNCE = 150; // milliseconds
const MAX_PROBABILITIES = 6;

const byId = (id) => document.getElementById(id);
const facts = JSON.parse(byId("facts").textContent);
// The server may know itself by another name; calls go to the address that the page came from.
facts.url = location.origin + new URL(facts.url).pathname;
const isRegression = facts.task === "regression";
const form = new RowForm(document.querySelector(".try form"), facts);
if (facts.points) new Decision(facts.points);
const comparison = byId("other") ? new Comparison(facts) : undefined;
let timer, request, answer;

function changed() {
  showSnippet();
  clearTimeout(timer);
  timer = setTimeout(update, DEBOUNCE);
}

async function update() {
  request?.abort();
  request = new AbortController();
  const { signal } = request;
  const row = form.row();
  try {
    const { explains: explain, hasIntervals: interval } = facts;
    const { ok, body } = await predict(facts.url, row, { explain, interval, signal });
    if (ok) showAnswer(row, body);
    else await showRefusal(body.message, signal);
  } catch (error) {
    if (error.name !== "AbortError") refuse("The server did not answer. Change a value to try again.");
  }
}

function showAnswer(row, body) {
  answer = { row, ...body };
  form.showErrors(new Map());
  refuse("");
  if (isRegression) showNumber(body);
  else if (facts.positive === null) showClasses(body.prediction);
  else {
    byId("probability").textContent = plain(body.prediction);
    byId("probability-bar").setAttribute("width", `${body.prediction * 100}%`);
  }
  if (facts.explains) explain();
  comparison?.show(row, body.prediction);
}

function showNumber({ prediction, interval }) {
  byId("prediction").textContent = plain(prediction);
  if (interval) byId("interval").textContent = interval.map(plain).join(" … ");
}

function showClasses(prediction) {
  const all = Object.entries(prediction).sort((a, b) => b[1] - a[1]);
  byId("probabilities").replaceChildren(...all.slice(0, MAX_PROBABILITIES).map(([label, probability]) =>
    element("li", {}, element("span", { class: "name" }, named(label)),
      svg("svg", { class: "meter", "aria-hidden": "true", width: "100%", height: "10" },
        svg("rect", { class: "rail", y: "2", width: "100%", height: "6", rx: "3" }),
        svg("rect", { class: "fill", y: "2", width: `${probability * 100}%`, height: "6", rx: "3" })),
      element("span", { class: "amount" }, plain(probability)))));
}

function explain() {
  let { explanation } = answer;
  if (isRegression) {
    drawWaterfall(byId("waterfall"), explanation, answer.row, true);
    byId("waterfall-sum").textContent = `They add up to ${plain(answer.prediction)}.`;
    return;
  }
  let label = facts.positive;
  if (label === null) {
    const chosen = Number(byId("explained").value);
    const [best] = Object.entries(answer.prediction).sort((a, b) => b[1] - a[1])[0];
    label = chosen ? facts.classes[chosen - 1] : best;
    explanation = explanation[label];
  }
  const z = drawWaterfall(byId("waterfall"), explanation, answer.row);
  byId("waterfall-sum").replaceChildren(...facts.positive === null
    ? ["Scores of ", named(label), "; the softmax of the scores of all classes gives the probabilities."]
    : [`In log-odds. They add up to z = ${logOdds(z).replace("+", "")}, and 1 / (1 + e`, element("sup", {}, "−z"), `) is ${plain(answer.prediction)}.`]);
}

// Shows the API's message at each wrong field: the API checks each changed field by itself.
async function showRefusal(message, signal) {
  const { changed: fields, rows } = form.suspects();
  const { body } = await predict(facts.url, rows, { signal });
  const messages = new Map((body.errors ?? []).map((error) => [fields[error.row], error.message]));
  form.showErrors(messages);
  refuse(messages.size ? "Not updated: a value in the form is wrong." : message);
}

function refuse(message) {
  byId("refusal").textContent = message;
  byId("refusal").hidden = message === "";
  document.querySelector(".answer").classList.toggle("stale", message !== "");
}

function showSnippet() {
  const language = document.querySelector("[name=language]:checked").value;
  byId("snippet").textContent = LANGUAGES[language](`${facts.url}/predict`, form.row(), facts.needsKey);
}

form.form.addEventListener("input", changed);
form.form.addEventListener("submit", (event) => event.preventDefault());
form.form.addEventListener("reset", () => setTimeout(changed));
byId("explained")?.addEventListener("change", () => answer && explain());
document.querySelector(".languages").addEventListener("change", showSnippet);
tieCopy(byId("copy"), byId("snippet"), byId("copied"));
for (const node of document.querySelectorAll(".try, .languages, #copy")) node.hidden = false;
showSnippet();
update();
