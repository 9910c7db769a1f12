// Creates elements; text is always set as text, never as markup.

import { wordParts } from "./numbers.js";

export function element(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

export function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

// A name whose lines break between its words, also where no blank is.
export function named(name) {
  const parts = wordParts(name).flatMap((part) => [document.createElement("wbr"), part]);
  return element("bdi", {}, ...parts.slice(1));
}

function fill(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}
