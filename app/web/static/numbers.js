// How the page writes the numbers that it computes or gets from the API.
// app/web/report/typeset.py has functions of the same names for the server's side, and a test runs both.

export function decimals(value, places) {
  return value.toFixed(places).replace("-", "−");
}

// A part of the log-odds: signed, with four decimals, so that the numbers of a list align.
export function logOdds(value) {
  const size = Math.abs(value);
  const text = size < 1e6 ? size.toFixed(4) : size.toExponential(3);
  return (value < 0 ? "−" : value > 0 ? "+" : "") + text;
}

// All digits that a number has.
export function plain(value) {
  return String(value).replace("-", "−");
}
