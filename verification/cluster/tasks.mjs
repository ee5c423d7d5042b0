import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import { exchange } from '../chaos/exchange.mjs';
import { random } from '../chaos/random.mjs';
import { printTable } from '../common/report.mjs';
import { parse, readEvents } from './session.mjs';

const run = promisify(execFile);

const VERSION = '2026-07-28';

const PREFIX = 'io.modelcontextprotocol/';

/** How many clients there are at a time. */
const AT_ONCE = 64;

/** How long a client waits before it asks for its task again, in milliseconds. */
const POLL = 500;

/** A task whose server was killed ends within this, and each within this of the last fault. */
const LIMIT = 60_000;

/** How long a client waits for one answer. */
const CALL_LIMIT = 20_000;

/** How long Redis stands still, in milliseconds. */
const PAUSE = 3000;

/** As many tasks as there are. */
export const TASKS_ARGS = ['--mcp.persist.tasks.max-tasks=100000', '--mcp.persist.tasks.max-tasks-per-principal=100000'];

const KINDS = ['works', 'asks', 'cancelled'];

/**
 * A client whose call becomes a task. It knows nothing but the ID: each of its requests goes to any server, and
 * what goes down with one is made again.
 */
export class TaskClient {

  problems = [];

  polls = 0;

  repeated = 0;

  #number;
  #bench;
  #dice;

  constructor(number, bench) {
    this.kind = KINDS[number % KINDS.length];
    this.#number = number;
    this.#bench = bench;
    this.#dice = random(bench.seed, `task ${number}`);
  }

  /** Call a tool, and follow its task to its end. */
  async live() {
    await this.#begin();
    while (this.end === undefined && this.problems.length === 0) {
      await delay(POLL);
      const state = await this.#ask('tasks/get');
      this.polls++;
      if (state !== undefined) {
        await this.#take(state);
      }
    }
    this.endedAt = Date.now();
  }

  /** What each server says in the end, which is the same. */
  async compare(nodes) {
    if (this.taskId === undefined || this.problems.length > 0) {
      return;
    }
    for (const node of nodes) {
      const state = await this.#ask('tasks/get', {}, node);
      if (JSON.stringify(state) !== JSON.stringify(this.end)) {
        this.problems.push(`is ${JSON.stringify(state)} on ${node.name}, and was ${JSON.stringify(this.end)}`);
      }
    }
  }

  /** What is wrong once it is over, if anything. */
  problem() {
    if (this.problems.length === 0 && !this.#isRight()) {
      this.problems.push(`ended with ${JSON.stringify(this.end)}`);
    }
    return this.problems.length ? `task ${this.#number}, which ${this.kind}, on ${this.owner?.name}: ${this.problems.join('; ')}` : undefined;
  }

  get died() {
    return this.end?.status === 'failed';
  }

  get isPlain() {
    return this.taskId === undefined;
  }

  #isRight() {
    const text = (this.end?.result ?? this.end)?.content?.[0]?.text;
    if (this.died) {
      return this.#bench.wasKilled(this.ownerProcess) && /has gone/.test(this.end.error?.message);
    }
    return {
      works: () => this.isPlain || this.end.status === 'completed' ? /^Took \d seconds$/.test(text) : false,
      asks: () => this.end.status === 'completed' && /^Answered: /.test(text),
      cancelled: () => this.end.status === 'cancelled',
    }[this.kind]();
  }

  async #begin() {
    const call = {
      works: () => ['slow_compute', { seconds: this.#dice.integer(1, 4), label: String(this.#number) }],
      asks: () => ['confirm_delete', { filename: String(this.#number) }],
      cancelled: () => ['slow_compute', { seconds: 3000, label: String(this.#number) }],
    }[this.kind]();
    for (;;) {
      const node = this.#anyNode();
      // It may be killed, and started again, before it answers
      const { process } = node;
      const result = await this.#post(node, 'tools/call', call[0], { name: call[0], arguments: call[1] });
      this.owner = node;
      this.ownerProcess = process;
      if (result?.taskId !== undefined) {
        this.taskId = result.taskId;
        return;
      }
      if (result?.resultType === 'complete') {
        // It could not be stored, and stayed on its connection
        this.end = result;
        return;
      }
      // A question of one that could not be stored: nobody has its ID, and it is cancelled in a while
      await this.#again();
      if (this.problems.length > 0) {
        return;
      }
    }
  }

  async #take(state) {
    if (['completed', 'failed', 'cancelled'].includes(state.status)) {
      this.end = state;
    }
    else if (state.status === 'input_required') {
      const [key] = Object.keys(state.inputRequests);
      await this.#ask('tasks/update', { inputResponses: { [key]: { action: 'accept', content: { confirm: true } } } });
    }
    else if (this.kind === 'cancelled' && this.polls >= 2) {
      await this.#ask('tasks/cancel');
    }
  }

  /** @returns the result, or nothing if the request is to be made again, or the task is over the limit */
  async #ask(method, members = {}, node = this.#anyNode()) {
    const result = await this.#post(node, method, this.taskId, { taskId: this.taskId, ...members });
    if (result?.code !== undefined) {
      this.problems.push(`got ${JSON.stringify(result)} for ${method} from ${node.name}`);
    }
    else if (result === undefined) {
      await this.#again();
      return this.problems.length > 0 || method !== 'tasks/get' ? undefined : this.#ask(method, members);
    }
    return result;
  }

  async #again() {
    this.repeated++;
    if (this.#bench.isOver()) {
      this.problems.push('has no end');
    }
    await delay(100);
  }

  #anyNode() {
    const { nodes } = this.#bench;
    return nodes[this.#dice.integer(0, nodes.length - 1)];
  }

  /** @returns the result or the error, or nothing if it got lost, or is to be asked for again */
  async #post(node, method, name, params) {
    let message;
    const answer = await exchange(node.url, 'POST', {
      idleLimit: 40_000,
      // One that could not become a task stays on its connection, however long it takes
      signal: AbortSignal.timeout(CALL_LIMIT),
      headers: { 'mcp-protocol-version': VERSION, 'mcp-method': method, 'mcp-name': name },
      body: {
        jsonrpc: '2.0', id: 1, method,
        params: {
          ...params,
          _meta: {
            [`${PREFIX}protocolVersion`]: VERSION,
            [`${PREFIX}clientCapabilities`]: { elicitation: {}, extensions: { [`${PREFIX}tasks`]: {} } },
          },
        },
      },
      onEvent: readEvents(undefined, (one) => {
        message = one;
      }),
    });
    message ??= parse(answer.text);
    return [429, 502, 503, 504].includes(answer.status) ? undefined : message?.result ?? message?.error;
  }

}

/** Tasks that their clients follow on any server, while one after the other is killed and Redis stands still twice. */
export async function tryTasks({ cluster, report, options }) {
  const count = Number(options.tasks);
  const dead = new Set();
  let over = Infinity;
  const bench = {
    nodes: cluster.nodes, seed: options.seed, isOver: () => Date.now() > over, wasKilled: (process) => dead.has(process),
  };
  const clients = Array.from({ length: count }, (_, number) => new TaskClient(number, bench));
  console.log(`${count} tasks, seed ${options.seed}, ${cluster.nodes.length} servers`);

  const started = Date.now();
  let ended = 0;
  const faults = [];
  const faultAt = (share, fault) => faults.push({ at: Math.floor(count * share), fault });
  cluster.nodes.forEach((node, index) => faultAt((index + 1) / (cluster.nodes.length + 2), async () => {
    const { process } = node;
    await cluster.killNode(node);
    dead.add(process);
    await cluster.startNode(node);
  }));
  [0.1, 0.9].forEach((share) => faultAt(share, async () => {
    cluster.redis.child.kill('SIGSTOP');
    await delay(PAUSE);
    cluster.redis.child.kill('SIGCONT');
  }));
  const running = [];
  const waiting = [...clients];
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let client = waiting.shift(); client !== undefined; client = waiting.shift()) {
      await client.live();
      ended++;
      for (const due of faults.filter(({ at, begun }) => at <= ended && !begun)) {
        due.begun = true;
        running.push(due.fault());
      }
      if (waiting.length === 0) {
        over = Date.now() + LIMIT;
      }
    }
  }));
  await Promise.all(running);
  await cluster.awaitAllUp();
  over = Date.now() + LIMIT;
  const took = Date.now() - started;
  for (const client of clients) {
    await client.compare(cluster.nodes);
  }
  const forever = await keysWithoutExpiry(cluster.redisPort);
  printTable([
    ['time until all had ended', `${(took / 1000).toFixed(1)} s`],
    ['failed with their server', clients.filter(({ died }) => died).length],
    ['stayed on their connections', clients.filter(({ isPlain }) => isPlain).length],
    ['requests made again', clients.reduce((sum, { repeated }) => sum + repeated, 0)],
  ]);
  const problems = clients.map((client) => client.problem()).filter(Boolean);
  problems.slice(0, options.verbose ? undefined : 10).forEach((line) => console.log(`  ${line}`));
  report.check(clients.some(({ died }) => died) && clients.some(({ died }) => !died), 'some tasks were hit by a kill, and not all');
  report.check(problems.length === 0, `every task ended once, as it should, and the same on each server (${problems.length} did not)`);
  forever.slice(0, 10).forEach((key) => console.log(`  ${key}`));
  report.check(forever.length === 0, `no key without an expiry is left in Redis (${forever.length} are)`);
}

export async function keysWithoutExpiry(port) {
  const script = "local found = {} for _, key in ipairs(redis.call('KEYS', '*')) do if redis.call('TTL', key) == -1 then "
      + 'found[#found + 1] = key end end return found';
  const { stdout } = await run('redis-cli', ['-p', String(port), 'EVAL', script, '0']);
  return stdout.split('\n').filter(Boolean);
}
