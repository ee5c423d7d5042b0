import { setTimeout as delay } from 'node:timers/promises';

/** How long all servers are up before the next one is stopped. */
const SETTLED = 500;

/**
 * Stop one server after the other and start each again on its port, the next one only when
 * the last is back up, until `stopAt`.
 * @param options `{cluster, signal, interval, stopAt}`, the signal `term` or `kill`, and the
 * shortest time from one stop to the next
 * @returns `{node, at, graceful, exited, up}` for each restart
 */
export async function restartInTurn({ cluster, signal, interval, stopAt }) {
  const restarts = [];
  for (let turn = 0; ; turn++) {
    const last = restarts.at(-1);
    await delay(Math.max(SETTLED, last ? last.at + interval - Date.now() : 0));
    if (Date.now() >= stopAt) {
      return restarts;
    }
    const node = cluster.nodes[turn % cluster.nodes.length];
    const restart = { node: node.name, at: Date.now() };
    restarts.push(restart);
    if (signal === 'term') {
      restart.graceful = await cluster.stopNode(node);
    }
    else {
      await cluster.killNode(node);
    }
    restart.exited = Date.now();
    await cluster.startNode(node);
    await cluster.awaitAllUp();
    restart.up = Date.now();
  }
}

/**
 * Judge the calls that ended with the error of a server that died: each was under way on a
 * server when that was killed, and learned of it in time.
 * @returns `{died, lines, delays}`, the lines for those of which that is not true
 */
export function judgeDeaths(records, kills, limit) {
  const died = records.filter((record) => record.died);
  const lines = [];
  const delays = [];
  for (const record of died) {
    const kill = kills.findLast(({ node, at }) => node === record.node && at >= record.startedAt && at <= record.died.at);
    if (kill === undefined) {
      lines.push(`${record.call.name} on ${record.node} ended with "${record.died.message}" but its server wasn't killed`);
      continue;
    }
    delays.push(record.died.at - kill.at);
    if (record.died.at - kill.at > limit) {
      lines.push(`${record.call.name} on ${record.node} learned only after ${record.died.at - kill.at} ms that its server was killed`);
    }
  }
  return { died: died.length, lines, delays: delays.sort((one, other) => one - other) };
}

/** How many calls were under way at one of these moments, on the server that was killed then. */
export function countUnderWay(records, kills) {
  return records.filter(({ node, startedAt, endedAt }) =>
    kills.some((kill) => kill.node === node && startedAt <= kill.at && endedAt >= kill.at)).length;
}
