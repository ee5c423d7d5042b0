import { FORMS, LINES, PLACES } from './stage.mjs';

/** What the tool count counts to, and how long one number takes. */
export const COUNT = { n: 6, intervalMs: 250 };

/** A client that is expected to come back has this long for a call, in milliseconds. */
const PATIENCE = 40_000;

/** A client that isn't has to be given up at some time. */
const IMPATIENCE = 8000;

/** And one that isn't expected to listen again. */
const DEAFNESS = 3000;

/** Whether a client is expected to resume a call that is cut. */
export function resumes({ resumes: places }, form, place) {
  return places[form].includes(place);
}

/**
 * What a client does, each in a session of its own: `{name, kind, plan, timeoutMs, list, calls}`. A call says how often it
 * tells of progress.
 *
 * @param slowness how many times slower this machine is than an idle one; all waits are as much longer
 */
export function scenariosFor({ can }, quick, slowness) {
  const count = { tool: 'count', arguments: COUNT, progress: COUNT.n };
  const add = { tool: 'add', arguments: { a: 1, b: 2 } };
  const places = quick ? ['middle'] : Object.keys(PLACES);
  const lines = quick ? ['retry', 'comment'] : Object.keys(LINES);
  const forms = Object.keys(FORMS);
  const patience = PATIENCE * slowness;
  const impatience = IMPATIENCE * slowness;
  return [
    {
      name: 'whole', kind: 'whole', plan: {}, timeoutMs: patience, list: true,
      calls: [add, count, { tool: 'greet', arguments: {} }],
    },
    ...forms.flatMap((form) => places.map((place) => ({
      name: `${form} ${place}`, kind: 'cut', form, place, timeoutMs: resumes(can, form, place) ? patience : impatience,
      list: false, calls: [count],
      // What the client doesn't come back for must be there all the same
      plan: { cut: { form, place }, tool: 'count', silent: !can.progress, witness: !resumes(can, form, place) },
    }))),
    ...(quick ? ['reset'] : forms).map((form) => ({
      name: `listening ${form}`, kind: 'listening', form, timeoutMs: patience, list: false, calls: [add],
      plan: { listening: form, patience: ((can.listening[form] === 'never') ? DEAFNESS : 15_000) * slowness },
    })),
    ...lines.map((line) => ({
      name: `line ${line}`, kind: 'line', line, plan: { lines: LINES[line] },
      timeoutMs: can.fails.includes(line) ? impatience : patience, list: false, calls: [add],
    })),
  ];
}
