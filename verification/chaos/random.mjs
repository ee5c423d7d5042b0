/**
 * A seeded random source: the same seed and labels give the same numbers, whatever else
 * runs at the same time.
 */
export function random(...labels) {
  let state = 0x811c9dc5;
  for (const char of labels.join('/')) {
    state = Math.imul(state ^ char.codePointAt(0), 0x01000193);
  }
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return {
    next,
    /** True with this probability. */
    chance: (probability) => next() < probability,
    /** An integer from `min` to `max`, both included. */
    integer: (min, max) => min + Math.floor(next() * (max - min + 1)),
    /** An integer from `min` to `max`, each order of magnitude as likely as the others. */
    magnitude: (min, max) => Math.round(min * Math.pow(max / min, next())),
  };
}
