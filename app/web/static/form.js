// The form → the row to send. What is not a number is sent as text, so that the API says what is wrong.

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

export class RowForm {
  constructor(form, facts) {
    this.form = form;
    this.facts = facts;
    this.fields = [...form.querySelectorAll("[data-name]")];
    for (const field of this.fields) {
      if (field.dataset.type === "number") tieSlider(field);
      if ("partial" in field.dataset) fillOnDemand(field, facts.url);
    }
  }

  // The row as a plain object; Object.fromEntries makes real keys even of names like __proto__.
  row() {
    const ordered = [this.fields.at(-1), ...this.fields.slice(0, -1)]; // the id comes first
    return Object.fromEntries(ordered.map((field) => [field.dataset.name, read(field)]));
  }

  // One row per changed field, typical in all others: the API's answer shows which field is wrong.
  suspects() {
    const typical = this.facts.row;
    const changed = this.fields.filter((field) => read(field) !== typical[field.dataset.name]);
    const rows = changed.map((field) =>
      Object.fromEntries(Object.entries(typical).map(([name, value]) =>
        [name, name === field.dataset.name ? read(field) : value])));
    return { changed, rows };
  }

  showErrors(messages) {
    for (const field of this.fields) {
      const message = messages.get(field) ?? "";
      const error = document.getElementById(field.getAttribute("aria-describedby"));
      if (error.textContent !== message) error.textContent = message;
      field.toggleAttribute("aria-invalid", message !== "");
      if (message) field.setAttribute("aria-invalid", "true");
    }
  }
}

function read(field) {
  if (field.dataset.type === "id" || field.dataset.type === "text") return field.value;
  if (field.dataset.type === "open") return field.value === "" ? null : field.value;
  if (field.dataset.type === "date") return field.value === "" ? null : field.value;
  if (field.dataset.type === "datetime") return readMoment(field.value);
  if (field.dataset.type !== "number") return JSON.parse(field.value);
  const text = field.value.trim();
  if (text === "") return null;
  const value = Number(text);
  return NUMBER.test(text) && Number.isFinite(value) ? value : field.value;
}

// Browsers leave out seconds that are zero; RFC 3339 does not.
function readMoment(text) {
  if (text === "") return null;
  return `${text.length === "2024-02-29T13:30".length ? `${text}:00` : text}Z`;
}

function tieSlider(field) {
  const slider = field.parentElement.querySelector("[type=range]");
  if (!slider) return;
  const isWhole = "whole" in field.dataset;
  const step = (isWhole ? Math.ceil : Number)((slider.max - slider.min) / 100);
  const write = (value) => {
    field.value = isWhole ? Math.round(value) : Number(value.toPrecision(4));
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };
  slider.addEventListener("input", (event) => {
    event.stopPropagation();
    write(Number(slider.value));
  });
  field.addEventListener("input", () => {
    const value = read(field);
    if (typeof value === "number") slider.value = value;
  });
  field.addEventListener("keydown", (event) => {
    const direction = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    const value = read(field);
    if (!direction || typeof value !== "number") return;
    event.preventDefault();
    write(value + direction * step);
  });
}

function fillOnDemand(select, url) {
  const complete = async () => {
    if (!("partial" in select.dataset)) return;
    delete select.dataset.partial;
    const schema = await (await fetch(`${url}/schema`)).json();
    const chosen = select.value;
    const values = schema.properties[select.dataset.name].enum;
    select.replaceChildren(...values.map((value) => {
      const text = JSON.stringify(value);
      return new Option(value === null ? "(missing)" : value, text, false, text === chosen);
    }));
    select.value = JSON.stringify(JSON.parse(chosen));
  };
  for (const type of ["focus", "pointerenter"]) select.addEventListener(type, complete, { once: true });
}
