import { setTimeout as delay } from 'node:timers/promises';
import { ChaosProxy } from './proxy.mjs';
import { random } from './random.mjs';
import { CallRecord } from './record.mjs';
import { RawSession } from './raw-client.mjs';
import { TsSession } from './ts-client.mjs';

/** Calls that one session makes before another takes its place. */
const CALLS_PER_SESSION = 20;

/** Calls under way at once in one raw session. */
const LANES = 4;

/** A call that still has no priming event after so many attempts fails. */
const ATTEMPTS = 25;

/** Behind a balancer that may have no server for a while, so many, and a pause between two of them. */
const BALANCED_ATTEMPTS = 100;
const BALANCED_PAUSE = 200;

/** The calls of a run, which depend on the seed alone; `name` is for the report. */
export function drawCalls(count, seed, name = 'call') {
  return Array.from({ length: count }, (_, number) => {
    const dice = random(seed, 'call', number);
    return {
      name: `${name} ${number}`,
      client: (number % 2 === 0) ? 'ts' : 'raw',
      n: dice.chance(0.7) ? 20 : 500,
      intervalMs: dice.integer(0, 5),
    };
  });
}

/**
 * Make the calls through a proxy that cuts connections. Every call is repeated until its
 * client was primed; from then on nothing of it may be missing.
 * @param options `{url, calls, seed, concurrency, callLimit, deadline, plan}`, and for servers behind
 * a balancer `{stopAt, callsPerSession, balanced, mortal}`: when to begin no more calls, and whether
 * servers are stopped and whether they are killed
 * @returns `{records, proxy, rescued, audits, unprimed, repeated, unavailable, failures, unmade, duration}`
 */
export async function runCalls({
  url, calls, seed, concurrency = 32, callLimit = 60_000, deadline, plan,
  stopAt = deadline, callsPerSession = CALLS_PER_SESSION, balanced = false, mortal = false,
}) {
  const started = Date.now();
  const target = new URL(url);
  const proxy = await new ChaosProxy({ host: target.hostname, port: Number(target.port), seed, plan }).listen();
  const through = (port) => `http://127.0.0.1:${port}${target.pathname}`;
  const urls = { cutUrl: through(proxy.cutPort), calmUrl: through(proxy.calmPort), balanced };
  const outcome = { records: [], unprimed: 0, rescued: 0, audits: 0, repeated: 0, unavailable: 0, failures: [] };
  const queues = { ts: calls.filter(({ client }) => client === 'ts'), raw: calls.filter(({ client }) => client === 'raw') };
  const attempts = balanced ? BALANCED_ATTEMPTS : ATTEMPTS;
  let sessions = 0;

  const callUntilPrimed = async (session, call) => {
    for (let attempt = 1; ; attempt++) {
      const record = new CallRecord(call, { mortal });
      const usable = await session.call(record, Math.min(Date.now() + callLimit, deadline)) ?? true;
      record.attempts = attempt;
      record.endedAt = Date.now();
      if (record.results === 0 && Date.now() >= deadline) {
        outcome.failures.push(`${call.name} was under way at the time limit of the run`);
        return false;
      }
      if (record.primed || attempt === attempts || Date.now() > deadline || record.violations().length > 1) {
        outcome.records.push(record);
        outcome.audits += record.audited ? 1 : 0;
        return usable;
      }
      outcome.unprimed++;
      if (balanced) {
        await delay(BALANCED_PAUSE);
      }
    }
  };

  const worker = async (kind, lanes) => {
    const queue = queues[kind];
    while (queue.length > 0 && Date.now() < stopAt) {
      const session = create(kind, sessions++);
      try {
        await session.open();
        let left = callsPerSession;
        const lane = async () => {
          while (left-- > 0 && queue.length > 0 && Date.now() < stopAt) {
            if (!await callUntilPrimed(session, queue.shift())) {
              left = 0;
            }
          }
        };
        await Promise.all(Array.from({ length: lanes }, lane));
      }
      catch (error) {
        outcome.failures.push(`${kind} session: ${error.message}`);
        if (outcome.failures.length >= 10) {
          return;
        }
      }
      finally {
        await session.close().catch((error) => outcome.failures.push(`${kind} session end: ${error.message}`));
        outcome.rescued += session.rescued ?? 0;
        outcome.repeated += session.repeated;
        outcome.unavailable += session.unavailable;
      }
    }
  };

  const create = (kind, number) => {
    const dice = random(seed, 'session', number);
    const version = dice.chance(0.6) ? '2025-11-25' : dice.chance(0.5) ? '2025-06-18' : '2025-03-26';
    return (kind === 'ts') ? new TsSession(urls) : new RawSession({ ...urls, version, dice });
  };

  const tsWorkers = Math.max(1, Math.floor(concurrency / 2));
  const rawWorkers = Math.max(1, Math.round(concurrency / 2 / LANES));
  const lanes = Math.min(LANES, Math.max(1, Math.floor(concurrency / 2)));
  try {
    await Promise.all([
      ...Array.from({ length: tsWorkers }, () => worker('ts', 1)),
      ...Array.from({ length: rawWorkers }, () => worker('raw', lanes)),
    ]);
  }
  finally {
    await proxy.close();
  }
  outcome.unmade = queues.ts.length + queues.raw.length;
  outcome.proxy = { ...proxy.stats, cuts: proxy.cuts };
  outcome.duration = Date.now() - started;
  return outcome;
}

/** Count the calls with each kind of violation, and list them. */
export function judge(records) {
  const counts = {};
  const lines = [];
  for (const record of records) {
    const { name, client, n, intervalMs } = record.call;
    const violations = record.violations();
    new Set(violations.map(({ kind }) => kind)).forEach((kind) => {
      counts[kind] = (counts[kind] ?? 0) + 1;
    });
    if (violations.length > 0) {
      const texts = violations.slice(0, 5).map(({ kind, text }) => `${kind}: ${text}`);
      const rest = (violations.length > 5) ? ` and ${violations.length - 5} more` : '';
      lines.push(`${name} (${client}, n=${n}, intervalMs=${intervalMs}, ${record.resumes} resumes`
          + `${record.error ? `, ${record.error}` : ''}) ${texts.join('; ')}${rest}`);
    }
  }
  return { counts, lines };
}
