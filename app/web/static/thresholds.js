// What happens at a threshold, from counts on the validation set.
// app/web/report/decision.py makes the same texts for the version's threshold, and a test runs both.

import { decimals, grouped, percent, plain } from "./numbers.js";

const Z = 1.959963984540054; // of the standard normal distribution, 95 % lies within ± this

export function countsAt(points, place) {
  const found = points.found[place], alarmed = points.alarmed[place];
  return { found, alarmed, missed: points.positives - found, spared: points.negatives - alarmed };
}

export function textsAt(points, place) {
  const { positives, negatives } = points;
  const { found, alarmed, missed, spared } = countsAt(points, place);
  const nFlagged = found + alarmed, nEither = positives + alarmed;
  const rates = {
    precision: [found, nFlagged],
    recall: [found, positives],
    specificity: [spared, negatives],
    flagged: [nFlagged, positives + negatives],
    missed_share: [missed, positives],
    alarmed_share: [alarmed, negatives],
  };
  const texts = { threshold: plain(points.threshold[place]) };
  for (const [name, number] of Object.entries({ found, alarmed, missed, spared, n_flagged: nFlagged })) {
    texts[name] = grouped(number);
  }
  for (const [name, [part, whole]] of Object.entries(rates)) {
    texts[name] = whole ? percent(part / whole) : "–";
    texts[`${name}_interval`] = written(wilson(part, whole), percent);
  }
  const write = (share) => decimals((2 * share) / (1 + share), 3);
  texts.f1 = nEither ? write(found / nEither) : "–";
  texts.f1_interval = written(wilson(found, nEither), write);
  return texts;
}

function written(ends, write) {
  return ends ? `${write(ends[0])} to ${write(ends[1])}` : "–";
}

// The 95 % interval of a share (E. B. Wilson, JASA 22, 1927); undefined of no rows.
export function wilson(nFound, n) {
  if (n === 0) return undefined;
  const share = nFound / n;
  const middle = share + Z ** 2 / (2 * n);
  const half = Z * Math.sqrt((share * (1 - share)) / n + (Z / (2 * n)) ** 2);
  const scale = 1 + Z ** 2 / n;
  return [nFound === 0 ? 0 : (middle - half) / scale, nFound === n ? 1 : (middle + half) / scale];
}

// What a thousand rows cost at one of the points.
export function costAt(points, place, miss, alarm) {
  const { missed, alarmed } = countsAt(points, place);
  return (1000 * (miss * missed + alarm * alarmed)) / (points.positives + points.negatives);
}

// The place where rows cost least; of several the one with the highest threshold.
export function cheapest(points, miss, alarm) {
  const costs = points.threshold.map((_, place) => costAt(points, place, miss, alarm));
  return costs.indexOf(Math.min(...costs));
}

// The place whose threshold is nearest to a number.
export function nearest(points, threshold) {
  const distances = points.threshold.map((each) => Math.abs(each - threshold));
  return distances.indexOf(Math.min(...distances));
}

// Where a point lies on each plot, as shares of its axes.
export function marksAt(points, place) {
  const { positives, negatives, highs } = points;
  const { found, alarmed } = countsAt(points, place);
  const nFlagged = found + alarmed, recall = found / Math.max(1, positives);
  return {
    roc: [alarmed / Math.max(1, negatives), recall],
    precision_recall: [recall, nFlagged ? found / nFlagged / highs.precision : Infinity],
    gain: [nFlagged / (positives + negatives), recall],
    probabilities: [points.threshold[place] / highs.probability, 1],
  };
}
