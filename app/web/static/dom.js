// Making elements: text is always set as text, never as markup.

export function element(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

export function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function fill(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

// A part of the log-odds: signed, with four decimals, so that a column of them aligns.
export function logOdds(value) {
  const size = Math.abs(value);
  const text = size >= 1e6 ? size.toPrecision(4) : size.toFixed(4);
  return (value < 0 ? "−" : value > 0 ? "+" : "") + text;
}

// A number of some four digits, as the server's pages write it.
export function typeset(value) {
  const size = Math.abs(value);
  const text = size !== 0 && (size >= 1e9 || size < 1e-4)
    ? size.toPrecision(3)
    : size.toLocaleString("en", { maximumSignificantDigits: size >= 1000 ? 7 : 4, maximumFractionDigits: 4 });
  return (value < 0 ? "−" : "") + text;
}
