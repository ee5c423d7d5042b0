import { drawCalls, judge, runCalls } from '../chaos/chaos.mjs';
import { KINDS } from '../chaos/record.mjs';
import { random } from '../chaos/random.mjs';
import { printTable } from '../common/report.mjs';
import { spread } from './cluster.mjs';
import { countUnderWay, judgeDeaths, restartInTurn } from './restarts.mjs';

/** More than a run can make: it ends by the clock. */
const CALLS = 50_000;

/** From one stop to the next. After a kill the others need time to notice it, before they are killed themselves. */
const INTERVALS = { term: 0, kill: 16_000 };

/** One call in eight takes 4 to 9 s, so that every restart finds calls under way. */
function withLongCalls(calls, seed) {
  return calls.map((call, number) => {
    const dice = random(seed, 'long call', number);
    return dice.chance(0.125) ? { ...call, n: 100, intervalMs: dice.integer(40, 90) } : call;
  });
}

/** Calls through a proxy that cuts and the balancer, while servers are stopped and started again. */
export async function tryCalls({ cluster, report, options }) {
  const seed = Number(options.seed);
  const kills = options.restart === 'kill';
  const seconds = Number(options.seconds);
  const stopAt = Date.now() + seconds * 1000;
  const restart = async () => {
    if (options.restart === 'none') {
      return [];
    }
    const interval = options.interval ? Number(options.interval) : INTERVALS[options.restart];
    try {
      return await restartInTurn({ cluster, signal: options.restart, interval, stopAt });
    }
    catch (error) {
      report.check(false, `every server came back: ${error.message}`);
      return [];
    }
  };
  console.log(`${seconds} s of calls, seed ${seed}, ${options.concurrency} at once, ${cluster.nodes.length} servers, restart: ${options.restart}`);
  const [outcome, restarts] = await Promise.all([
    runCalls({
      url: cluster.url, calls: withLongCalls(drawCalls(CALLS, seed), seed), seed, concurrency: Number(options.concurrency),
      callLimit: 60_000, stopAt, deadline: stopAt + 75_000, callsPerSession: 60, balanced: true, mortal: kills,
    }),
    restart(),
  ]);

  const { records, failures, proxy } = outcome;
  const { counts, lines } = judge(records);
  const limit = Number(options['death-limit']) * 1000;
  const deaths = judgeDeaths(records, restarts, limit);
  const underWay = countUnderWay(records, restarts);
  const served = spread(cluster.requests(), cluster.nodes);
  const times = (from, to) => restarts.map((one) => ((one[to] - one[from]) / 1000).toFixed(1)).join(' ');
  printTable([
    ['calls', `${records.length} (${records.filter(({ call }) => call.n === 500).length} of 500 events, `
        + `${records.filter(({ call }) => call.n === 100).length} of several seconds)`],
    ['cuts', `${proxy.cuts} of ${proxy.connections} connections (${proxy.reset} reset, ${proxy.close} closed, `
        + `${proxy.stall} stalled, ${proxy.request} in the request)`],
    ['resumes', records.reduce((total, record) => total + record.resumes, 0)],
    ['resumes at the end, second replays', outcome.audits],
    ['TypeScript client put back on its way', outcome.rescued],
    ['attempts that failed unprimed', outcome.unprimed],
    ['calls and resumes answered by the balancer', outcome.unavailable],
    ['setups, ends and second replays made again', outcome.repeated],
    ['requests by server', [...served.counts].map(([name, count]) => `${name} ${count}`).join(', ')],
    ['restarts', `${restarts.length} (seconds to end: ${times('at', 'exited')}; to be back: ${times('exited', 'up')})`],
    ['calls under way on a server that stopped', underWay],
    ...kills ? [['calls ended by the death of their server',
      `${deaths.died} (${deaths.delays.length ? `${deaths.delays[0]} to ${deaths.delays.at(-1)} ms after it` : '-'})`]] : [],
    ['calls with something lost', counts.lost ?? 0],
    ['calls with something twice', counts.twice ?? 0],
    ['calls with something out of order', counts.order ?? 0],
    ['calls primed without a result', counts.result ?? 0],
    ['duration', `${(outcome.duration / 1000).toFixed(1)} s`],
  ]);
  const all = [...lines, ...deaths.lines, ...failures];
  all.slice(0, options.verbose ? undefined : 20).forEach((line) => console.log(`  ${line}`));
  report.check(failures.length === 0, 'every call settled, every session opened and ended');
  report.check(records.length >= seconds, 'at least one call a second');
  report.check(proxy.cuts >= records.length / 2, 'at least one cut for every two calls');
  Object.entries(KINDS).forEach(([kind, text]) => report.check(!counts[kind], text));
  checkSpread(report, served, cluster.nodes, (options.restart === 'none') ? 0.5 : 0.1);
  if (options.restart !== 'none') {
    report.check(restarts.length >= Math.min(2, seconds / 20), `${restarts.length} restarts`);
    report.check(underWay > 0, `${underWay} calls were under way on a server that stopped`);
  }
  if (options.restart === 'term') {
    report.check(restarts.every(({ graceful }) => graceful), 'every server ended when it was asked to');
  }
  if (kills) {
    report.check(deaths.died > 0 && deaths.died <= underWay,
        `${deaths.died} calls ended by the death of their server, of ${underWay} under way on one`);
    report.check(deaths.lines.length === 0, `each of them on a killed server, within ${options['death-limit']} s of the kill`);
  }
}

/** @param share how much of its fair share each server has at least: little, if it was away for a while */
export function checkSpread(report, { counts, pairs, moves }, nodes, share = 0.5) {
  const numbers = nodes.map(({ name }) => counts.get(name));
  const total = numbers.reduce((one, other) => one + other, 0);
  report.check(total > 0 && numbers.every((count) => count >= total / nodes.length * share),
      `every server took part: ${numbers.join(', ')} requests`);
  if (nodes.length > 1) {
    // Other sessions take turns too, so it isn't always another; with stickiness it never is.
    report.check(moves >= pairs * 0.4, `sessions don't stay on a server: ${moves} of ${pairs} next requests went to another`);
  }
}
