const SVG = 'http://www.w3.org/2000/svg';

const WIDTH = 460;
const HEIGHT = 104;
const LEFT = 26;
const RIGHT = 14;
const LANES = { A: 26, B: 66 };
const AXIS = 88;

/**
 * Draws a call as two lanes, one for each instance. A thick bar is where the tool runs, a
 * line where the client is connected, a dot an event when it came. An event that was sent
 * while nobody was connected has a line from when and where it was sent.
 */
export function draw(svg, call) {
  const end = call?.endedAt ?? call?.now ?? 0;
  const span = Math.max(end * 1.02, call ? call.n * call.interval / 1000 * 1.1 : 10);
  const x = (seconds) => LEFT + (seconds / span) * (WIDTH - LEFT - RIGHT);
  const shapes = [];
  const add = (name, attributes, text) => shapes.push(element(name, attributes, text));

  svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
  for (const outage of call?.outages ?? []) {
    const width = Math.max(2, x(outage.to ?? end) - x(outage.from));
    add('rect', { class: 'outage', x: x(outage.from), y: 6, width, height: AXIS - 6 });
    if (width > 60) {
      add('text', { class: 'outage-label', x: x(outage.from) + 4, y: 14 }, 'no Redis');
    }
  }
  for (const [name, y] of Object.entries(LANES)) {
    add('text', { class: 'lane', x: 8, y: y + 4 }, name);
    add('line', { class: 'lane', x1: LEFT, x2: WIDTH - RIGHT, y1: y, y2: y });
  }
  for (let second = 0, step = stepOf(span); second <= span; second += step) {
    add('text', { class: 'tick', x: x(second), y: HEIGHT - 4 }, `${second} s`);
  }
  if (call !== undefined) {
    drawCall(call, { x, end, add });
  }
  svg.replaceChildren(...shapes);
}

function drawCall(call, { x, end, add }) {
  const lane = (instance) => LANES[instance] ?? AXIS;
  const home = lane(call.runsOn);
  const toolEnd = call.toolEndedAt ?? end;
  if (call.runsOn !== undefined) {
    add('rect', { class: 'tool', 'data-instance': call.runsOn, x: x(0), y: home - 9, width: Math.max(0, x(toolEnd) - x(0)), height: 18, rx: 3 });
  }
  for (const wait of call.waits) {
    add('rect', { class: 'wait', x: x(wait.from), y: home - 9, width: Math.max(0, Math.min(x(wait.to ?? end), x(toolEnd)) - x(wait.from)), height: 18 });
    add('text', { class: 'mark', x: x(wait.from) + 6, y: home - 12 }, '?');
  }
  for (const { instance, from, to } of call.connections) {
    add('line', { class: 'connection', 'data-instance': instance, x1: x(from), x2: x(to ?? end), y1: lane(instance), y2: lane(instance) });
  }
  for (const { at, instance } of call.looks.filter((look) => look.at <= end)) {
    add('circle', { class: 'look', 'data-instance': instance, cx: x(at), cy: lane(instance), r: 1.8 });
  }
  const numbers = call.entries.filter(({ number }) => number !== undefined);
  // Those that were replayed come in one moment, and so would be hidden
  for (const { at, instance, sentAt, replayed } of [...numbers].sort((one, other) => Boolean(one.replayed) - Boolean(other.replayed))) {
    const y = lane(instance);
    if (sentAt !== undefined && (replayed || y !== home)) {
      add('line', { class: 'way', x1: x(Math.max(0, sentAt)), y1: home, x2: x(at), y2: y });
    }
    add('circle', { class: replayed ? 'replayed' : 'live', 'data-instance': instance, cx: x(at), cy: y, r: 3.6 });
  }
  for (const { to, cut, instance } of call.connections.filter((connection) => connection.cut)) {
    add('text', { class: 'cross', x: x(to), y: lane(instance) + 5 }, '×');
  }
  if (call.toolEndedAt !== undefined) {
    add('text', { class: 'mark', x: Math.max(LEFT + 20, x(toolEnd)), y: home - 12 }, 'killed');
  }
  if (call.outcome !== undefined) {
    const instance = call.entries.at(-1).instance ?? call.connections.at(-1)?.instance;
    add('text', { class: `end ${call.outcome}`, x: Math.min(x(end) + 8, WIDTH - 7), y: lane(instance) + 5 }, call.outcome === 'result' ? '✓' : '!');
  }
}

function stepOf(span) {
  return [1, 2, 5, 10, 20, 60, 120, 600].find((step) => span / step <= 9) ?? 3600;
}

function element(name, attributes, text) {
  const created = document.createElementNS(SVG, name);
  Object.entries(attributes).forEach(([key, value]) => created.setAttribute(key, typeof value === 'number' ? value.toFixed(1) : value));
  created.textContent = text ?? '';
  return created;
}
