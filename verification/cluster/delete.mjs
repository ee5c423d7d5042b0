import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { findKeys } from '../common/processes.mjs';
import { random } from '../chaos/random.mjs';
import { printTable } from '../common/report.mjs';
import { warmUp } from './answers.mjs';
import { Session } from './session.mjs';

/** How long connections of a session that was ended may stay open. */
const CLOSE_LIMIT = 5000;

/** Rounds at once. */
const LANES = 6;

/** A tombstone outlives all of these, so they are short. */
export const DELETE_ARGS = ['--mcp.persist.ttl=2s', '--mcp.persist.completed-ttl=1s', '--mcp.persist.session-timeout=8s'];

/** Sessions that end on one server while others run their calls, read their streams and restore them. */
export async function tryDelete({ cluster, report, options }) {
  await warmUp(cluster.nodes);
  const rounds = Number(options.rounds);
  const found = { problems: [], ids: [], deletes: new Map(), racing: new Map(), events: 0, readers: 0, open: 0 };
  console.log(`${rounds} rounds, seed ${options.seed}, ${cluster.nodes.length} servers`);
  const started = Date.now();
  let next = 0;
  const lane = async () => {
    while (next < rounds) {
      const number = next++;
      try {
        await tryRound(cluster.nodes, random(options.seed, 'delete', number), found, (text) => found.problems.push(`round ${number}: ${text}`));
      }
      catch (error) {
        found.problems.push(`round ${number}: ${error.message}`);
      }
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  const ended = Date.now();
  const left = await awaitNoKeys(cluster.redisPort, found.ids, Number(options['key-limit']) * 1000);
  const list = (map) => [...map].map(([status, count]) => `${count} times ${status}`).join(', ');
  printTable([
    ['sessions', found.ids.length],
    ['events that calls had sent before', found.events],
    ['connections open at the DELETE', found.readers],
    ['answers to the DELETE', list(found.deletes)],
    ['answers to requests that raced with it', list(found.racing)],
    ['duration', `${((ended - started) / 1000).toFixed(1)} s, ${((Date.now() - ended) / 1000).toFixed(1)} s more until no key was left`],
  ]);
  found.problems.slice(0, options.verbose ? undefined : 20).forEach((line) => console.log(`  ${line}`));
  report.check(found.ids.length === rounds, `${found.ids.length} sessions opened`);
  report.check([...found.deletes.keys()].every((status) => status === 200 || status === 204), 'every DELETE succeeded');
  report.check(found.events >= rounds && found.readers >= rounds * 3, 'calls and readers were under way each time');
  report.check([...found.racing.keys()].every((status) => [200, 202, 404].includes(status)),
      'what raced with it was served or got 404');
  report.check(found.open === 0, `every connection closed within ${CLOSE_LIMIT / 1000} s (${found.open} were not)`);
  report.check(found.problems.length === 0, `404 on every server afterwards, for POST, GET and DELETE (${found.problems.length} problems)`);
  left.keys.slice(0, 10).forEach((key) => console.log(`  ${key}`));
  report.check(left.keys.length === 0 && left.most > 0, `no key of a session left in Redis (${left.keys.length} are, of ${left.most})`);
}

async function tryRound(nodes, dice, found, problem) {
  const pick = () => nodes[dice.integer(0, nodes.length - 1)];
  const session = await new Session().open(pick().url);
  found.ids.push(session.id);
  const stop = new AbortController();
  const connections = [];
  const track = (name, promise) => {
    const connection = { name, over: false };
    connection.promise = promise.then((answer) => {
      connection.over = true;
      connection.answer = answer;
    });
    connections.push(connection);
    return connection;
  };

  // Calls that go on for a second or two, so that they have more to say after the end.
  const calls = Array.from({ length: 3 }, (_, number) => {
    const node = nodes[(dice.integer(0, 2) + number) % nodes.length];
    const call = { node, events: 0, primed: withLimit(5000) };
    call.connection = track(`call on ${node.name}`, session.call(node.url, 'count', { n: 150, intervalMs: dice.integer(5, 15) }, {
      signal: stop.signal,
      onId: (id) => {
        call.lastEventId = id;
        call.primed.resolve(true);
      },
      onMessage: () => {
        call.events++;
      },
    }));
    return call;
  });
  const primed = await Promise.all(calls.map((call) => Promise.race([call.primed.promise, call.connection.promise.then(() => false)])));
  if (primed.includes(false)) {
    problem(`a call was not primed: ${calls.map(({ connection }) => JSON.stringify(connection.answer)).join(' ')}`);
  }
  // A resume takes the call's stream over, on whichever server; the standalone stream is open on another.
  const resumed = calls[0];
  const readers = [
    { name: 'resumed', node: pick(), lastEventId: resumed.lastEventId },
    { name: 'standalone', node: pick() },
  ].map(({ name, node, lastEventId }) => {
    const headers = withLimit(5000);
    track(`${name} reader on ${node.name}`, session.get(node.url, {
      lastEventId, signal: stop.signal, idleLimit: 40_000, onHeaders: () => headers.resolve(true),
    })).promise.then(() => headers.resolve(false));
    return headers.promise;
  });
  const attached = await Promise.all(readers);
  if (attached.includes(false)) {
    problem(`a reader did not attach: ${connections.slice(3).map(({ name, answer }) => `${name} ${answer?.status ?? answer?.error}`).join(', ')}`);
  }
  await delay(dice.integer(0, 60));
  found.events += calls.reduce((total, { events }) => total + events, 0);
  found.readers += connections.filter(({ over }) => !over).length;

  // Requests everywhere at the same moment: servers that have never seen the session restore it.
  const racing = nodes.flatMap((node, number) => [
    session.post(node.url, { id: `ping-${number}`, method: 'ping' }),
    session.post(node.url, { method: 'notifications/roots/list_changed' }),
  ]);
  if (dice.chance(0.5)) {
    await delay(dice.integer(0, 8));
  }
  const deleted = await session.delete(pick().url);
  count(found.deletes, deleted.status ?? deleted.error);
  // Asked at once, and not when everything has calmed down
  await checkGone(session, nodes, calls[1].lastEventId, problem, 'at once');
  (await Promise.all(racing)).forEach(({ status, error }) => count(found.racing, status ?? error));
  await Promise.race([Promise.all(connections.map(({ promise }) => promise)), delay(CLOSE_LIMIT)]);
  const open = connections.filter(({ over }) => !over);
  if (open.length > 0) {
    found.open += open.length;
    problem(`still open: ${open.map(({ name }) => name).join(', ')}`);
  }
  stop.abort();
  await checkGone(session, nodes, calls[2].lastEventId, problem, 'in the end');
}

async function checkGone(session, nodes, lastEventId, problem, when) {
  const signal = AbortSignal.timeout(CLOSE_LIMIT);
  await Promise.all(nodes.map(async (node) => {
    const answers = {
      // No ping: a server answers one without asking Redis whether the session is still there
      POST: session.post(node.url, { id: 'late', method: 'tools/list' }, { signal }),
      GET: session.get(node.url, { signal }),
      resume: session.get(node.url, { lastEventId, signal }),
      DELETE: session.delete(node.url),
    };
    for (const [name, promise] of Object.entries(answers)) {
      const { status, error, text } = await promise;
      if (status !== 404) {
        problem(`${name} on ${node.name} answered ${status ?? error} ${when} ${text.slice(0, 100)}`);
      }
    }
  }));
}

/** Wait until no key holds one of these session IDs. */
async function awaitNoKeys(port, ids, limit) {
  let most = 0;
  for (const end = Date.now() + limit; ; await delay(500)) {
    const keys = keysOf(await findKeys(port), ids);
    most = Math.max(most, keys.length);
    if (keys.length === 0 || Date.now() > end) {
      return { keys, most };
    }
  }
}

/**
 * The keys that belong to one of the sessions: their hash tag is what stores know it by, the first 128 bits
 * of its ID's SHA-256. The ID itself has no place in any.
 */
export function keysOf(keys, ids) {
  const known = new Set(ids.map((id) => createHash('sha256').update(id).digest().subarray(0, 16).toString('base64url')));
  return keys.filter((key) => known.has(/\{([^}]*)\}/.exec(key)?.[1]) || ids.some((id) => key.includes(id)));
}

function count(map, key) {
  map.set(key, (map.get(key) ?? 0) + 1);
}

/** A promise to be resolved from outside, and with false after a while. */
function withLimit(limit) {
  let resolve;
  const promise = new Promise((one) => {
    resolve = one;
  });
  const timer = setTimeout(() => resolve(false), limit);
  return {
    promise,
    resolve: (value) => {
      clearTimeout(timer);
      resolve(value);
    },
  };
}
