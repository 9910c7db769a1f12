// How the page writes the numbers that it computes or gets from the API, and names.
// app/web/report/typeset.py has functions of the same names for the server's side, and a test runs both.

export function decimals(value, places) {
  const text = value.toFixed(places);
  return text.replace("-", /[1-9]/.test(text) ? "−" : "");
}

// A part of the log-odds: signed, with four decimals, so that the numbers of a list align.
export function logOdds(value) {
  const size = Math.abs(value);
  const text = size < 1e6 ? size.toFixed(4) : size.toExponential(3);
  return (value < 0 ? "−" : value > 0 ? "+" : "") + text;
}

// A number in the unit of a target: of four significant digits or so.
export function quantity(value) {
  if (value === 0 || !Number.isFinite(value)) return value === 0 ? "0" : String(value);
  const size = Math.abs(value), magnitude = Math.floor(Math.log10(size));
  let text = size.toExponential(3);
  if (magnitude >= -4 && magnitude < 9) {
    const [whole, fraction] = size.toFixed(Math.max(0, 3 - magnitude)).split(".");
    text = whole.replace(/\B(?=(\d{3})+$)/g, ",") + (fraction ? `.${fraction}` : "");
  }
  return (value < 0 ? "−" : "") + text.replace("-", "−");
}

// A part of such a number: signed.
export function amount(value) {
  return (value > 0 ? "+" : "") + quantity(value);
}

// A whole number.
export function grouped(number) {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ",");
}

// A share, 0 to 1, in percent; 0 and 100 only if it is exactly that.
export function percent(share) {
  if (share > 0 && share < 0.0005) return "< 0.1\u00a0%";
  if (share >= 0.9995 && share < 1) return "> 99.9\u00a0%";
  return `${(share * 100).toFixed(1).replace(/\.0$/, "")}\u00a0%`;
}

// A name in parts between which a line may break.
export function wordParts(name) {
  return name.split(/(?<=[_./:-])(?=[A-Za-z])|(?<=[a-z])(?=[A-Z])/);
}

// All digits that a number has.
export function plain(value) {
  return String(value).replace("-", "−");
}
