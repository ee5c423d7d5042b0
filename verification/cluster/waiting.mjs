import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { random } from '../chaos/random.mjs';
import { inspectJvm } from '../common/processes.mjs';
import { printTable } from '../common/report.mjs';
import { keysWithoutExpiry } from './tasks.mjs';

const run = promisify(execFile);

const VERSION = '2026-07-28';

const PREFIX = 'io.modelcontextprotocol/';

/** How many requests are under way at a time. */
const AT_ONCE = 64;

/** What a fault does to tasks is seen within this, in milliseconds. */
const LIMIT = 90_000;

/** For how long clients ask without a pause, in milliseconds. */
const HURRY = 8000;

/** Room for as many tasks as anybody asks for. */
export const WAITING_ARGS = [
  ...['tasks.max-tasks', 'tasks.max-tasks-per-principal', 'modern.max-calls', 'modern.max-calls-per-principal',
    'modern.max-parked-calls', 'modern.max-parked-calls-per-principal'].map((name) => `--mcp.persist.${name}=100000`),
  '--management.endpoints.web.exposure.include=health,metrics,mcptasks',
];

const isWaiting = ({ result }) => result?.status === 'input_required';

const hasFailed = (message) => ({ result }) => result?.status === 'failed' && message.test(result.error?.message);

/** Many tasks wait for their clients at once. */
class WaitingTasks {

  #cluster;
  #report;
  #options;
  #dice;

  constructor({ cluster, report, options }) {
    this.#cluster = cluster;
    this.#report = report;
    this.#options = options;
    this.#dice = random(options.seed, 'waiting');
  }

  /** Have so many tools ask, on each server as many. @returns the tasks */
  async begin(title) {
    const { nodes } = this.#cluster;
    const tasks = Array.from({ length: Number(this.#options.tasks) }, (_, number) => ({ node: nodes[number % nodes.length] }));
    const started = Date.now();
    await inTurns(tasks, async (task) => {
      const { tool } = this.#options;
      const answer = await post(task.node, 'tools/call', tool, { name: tool, arguments: {} });
      task.taskId = answer.result?.taskId;
      task.seen = answer;
    });
    const took = Date.now() - started;
    console.log(`${title}: ${tasks.length} in ${seconds(took)}, ${Math.round(tasks.length * 1000 / took)} a second`);
    this.#report.check(tasks.every(({ taskId }) => taskId !== undefined), 'each call became a task');
    await this.see(tasks, 'wait for their clients', isWaiting);
    return tasks;
  }

  /** Ask for tasks, on servers chosen at random, until all are as they should be. */
  async see(tasks, what, isRight, nodes = this.#cluster.nodes) {
    const started = Date.now();
    let requests = 0;
    let left = tasks;
    let first;
    for (;;) {
      await inTurns(left, async (task) => {
        task.seen = await post(nodes[this.#dice.integer(0, nodes.length - 1)], 'tasks/get', task.taskId);
        requests++;
        if (isRight(task.seen)) {
          first ??= Date.now() - started;
        }
      });
      left = left.filter(({ seen }) => !isRight(seen));
      if (left.length === 0 || Date.now() - started > LIMIT) {
        break;
      }
      await delay(500);
    }
    left.slice(0, this.#options.verbose ? undefined : 3).forEach(({ seen }) => console.log(`  ${JSON.stringify(seen)}`));
    this.#report.check(left.length === 0, `${tasks.length} tasks ${what}: the first seen after ${seconds(first)}, `
        + `all after ${seconds(Date.now() - started)}, in ${requests} requests (${left.length} do not)`);
  }

  /** What tasks cost while nothing happens. */
  async idle(tasks) {
    const before = await this.#use();
    const started = Date.now();
    await delay(Number(this.#options.idle) * 1000);
    const after = await this.#use();
    const took = (Date.now() - started) / 1000;
    const commands = [...after.commands].map(([name, calls]) => [name, (calls - (before.commands.get(name) ?? 0)) / took])
      .filter(([, rate]) => rate >= 1).sort(([, one], [, other]) => other - one);
    console.log(`${tasks.length} tasks for ${Math.round(took)} s in which nothing happens`);
    printTable([
      ['calls of Redis a second', ((after.scripts - before.scripts) / took).toFixed(1)],
      ['commands a second, in scripts too', commands.map(([name, rate]) => `${name} ${rate.toFixed(0)}`).join(', ')],
      ["Redis' processor", `${((after.redis - before.redis) * 100 / took).toFixed(1)} %`],
      ...after.nodes.map((used, index) => [`processor of ${this.#cluster.nodes[index].name}`,
        `${((used - before.nodes[index]) * 100 / took).toFixed(1)} %`]),
    ]);
    await this.see(tasks, 'still wait', isWaiting);
  }

  async look(tasks) {
    const [node] = this.#cluster.nodes;
    const url = new URL('/actuator/', node.url);
    const pages = [];
    let listed = 0;
    let after;
    do {
      const { body, took } = await get(new URL(`mcptasks?size=200${after ? `&after=${after}` : ''}`, url));
      pages.push(took);
      listed += body.tasks?.length ?? 0;
      after = body.next;
    } while (after);
    const metric = await get(new URL('metrics/mcp.persist.tasks', url));
    const health = await get(new URL('health', url));
    printTable([
      ['list of tasks', `${listed} on ${pages.length} pages, ${middle(pages)} ms a page, ${Math.max(...pages)} at most`],
      ['a metric', `${metric.took} ms`],
      ['health', `${health.body.status} in ${health.took} ms`],
    ]);
    this.#report.check(listed >= tasks.length, `operators see all tasks (${listed} of ${tasks.length})`);
  }

  /** What each server holds, and Redis. */
  async memory() {
    const nodes = await Promise.all(this.#cluster.nodes.map(({ process }) => inspectJvm(process.pid)));
    const info = await this.#info('memory');
    return { nodes: nodes.map(({ bytes }) => bytes), threads: nodes.map(({ threads }) => threads), redis: Number(/used_memory:(\d+)/.exec(info)[1]) };
  }

  /** Whether a fault left all waiting. */
  async outage(tasks, title, fault) {
    const { nodes } = this.#cluster;
    const before = await this.#use();
    const lines = this.#warnings();
    await fault();
    const started = Date.now();
    const back = await Promise.all(nodes.map(async (node) => {
      while ((await post(node, 'tasks/get', tasks[0].taskId)).status !== 200 && Date.now() - started < LIMIT) {
        await delay(200);
      }
      return Date.now() - started;
    }));
    await delay(5000);
    const after = await this.#use();
    console.log(title);
    printTable([
      ['until servers answer again', back.map(seconds).join(', ')],
      ['calls of Redis until 5 s later', after.scripts - (after.scripts < before.scripts ? 0 : before.scripts)],
      ['warnings and errors logged', this.#warnings() - lines],
    ]);
    await this.see(tasks, 'still wait', isWaiting);
  }

  pause() {
    return async () => {
      this.#cluster.redis.child.kill('SIGSTOP');
      await delay(Number(this.#options.pause) * 1000);
      this.#cluster.redis.child.kill('SIGCONT');
    };
  }

  restart() {
    return async () => {
      await this.redis('SAVE');
      this.#cluster.redis.child.kill('SIGKILL');
      await this.#cluster.redis.exit;
      await this.#cluster.startRedis();
    };
  }

  /** One asks a hundred times a second, then a hundred clients for a hundred tasks each. */
  async hurry(tasks) {
    const [node] = this.#cluster.nodes;
    const own = tasks[0];
    const others = tasks.slice(-1)[0];
    const quiet = await this.#beside(others, node, () => delay(HURRY));
    const one = await this.#beside(others, node, () => this.#askAgainAndAgain(own, node, 10));
    const statuses = new Map();
    const count = (answer) => {
      const key = answer.status === 429 ? `429, Retry-After ${answer.retryAfter}` : String(answer.status);
      statuses.set(key, (statuses.get(key) ?? 0) + 1);
    };
    const all = await this.#beside(others, node, async () => {
      const end = Date.now() + HURRY;
      await Promise.all(Array.from({ length: 100 }, async (_, client) => {
        for (let turn = 0; Date.now() < end; turn++) {
          count(await post(node, 'tasks/get', tasks[(client * 100 + turn % 100) % (tasks.length - 1)].taskId));
        }
      }));
    });
    console.log('Clients that ask again and again');
    printTable([
      ['somebody else, who asks each quarter of a second', `answered in ${quiet.text}`],
      ['beside one that asks 100 times a second', `answered in ${one.text}`],
      ['that one got', [...one.result].map(([key, number]) => `${number} times ${key}`).join(', ')],
      ['beside 100 clients that ask for 100 tasks each', `answered in ${all.text}`],
      ['these got', [...statuses].map(([key, number]) => `${number} times ${key}`).join(', ')],
    ]);
    this.#report.check([quiet, one, all].every(({ refused }) => refused === 0), 'nobody is refused for what others ask');
    this.#report.check([...one.result.keys()].sort().join() === '200,429, Retry-After 1', 'who asks 100 times a second is told when to ask again');
    this.#report.check([...statuses.keys()].every((key) => key === '200' || key === '429, Retry-After 1'), 'and many who ask are answered or told so');
  }

  async #askAgainAndAgain(task, node, pause) {
    const statuses = new Map();
    const requests = [];
    for (const end = Date.now() + HURRY; Date.now() < end; await delay(pause)) {
      requests.push(post(node, 'tasks/get', task.taskId).then(({ status, retryAfter }) => {
        const key = status === 429 ? `429, Retry-After ${retryAfter}` : String(status);
        statuses.set(key, (statuses.get(key) ?? 0) + 1);
      }));
    }
    await Promise.all(requests);
    return statuses;
  }

  async #beside(task, node, action) {
    const took = [];
    let refused = 0;
    let over = false;
    const result = action().finally(() => {
      over = true;
    });
    while (!over) {
      const answer = await post(node, 'tasks/get', task.taskId);
      took.push(answer.took);
      refused += answer.status === 200 ? 0 : 1;
      await delay(250);
    }
    return { result: await result, refused, text: `${middle(took)} ms, ${Math.max(...took)} at most` };
  }

  /** Answer all, on servers chosen at random. */
  async answer(tasks) {
    const { nodes } = this.#cluster;
    const started = Date.now();
    await inTurns(tasks, async (task) => {
      const answers = Object.keys(task.seen.result.inputRequests)
        .map((key) => [key, { action: 'accept', content: { name: 'Ada', confirm: true } }]);
      task.seen = await post(nodes[this.#dice.integer(0, nodes.length - 1)], 'tasks/update', task.taskId,
          { inputResponses: Object.fromEntries(answers) });
    });
    const took = Date.now() - started;
    console.log(`All are answered: ${seconds(took)}, ${Math.round(tasks.length * 1000 / took)} a second`);
    this.#report.check(tasks.every(({ seen }) => seen.status === 200), 'each answer is taken');
    await this.see(tasks, 'have completed', ({ result }) => result?.status === 'completed'
        && /accept/i.test(result.result?.content?.[0]?.text));
  }

  /** Kill a server, whose tasks fail. */
  async kill(node, tasks) {
    await this.#cluster.killNode(node);
    const before = await this.#use();
    console.log(`${node.name} was killed`);
    await this.see(tasks, 'fail with the server', hasFailed(/has gone/), this.#cluster.nodes.filter((other) => other !== node));
    const after = await this.#use();
    printTable([['calls of Redis meanwhile', after.scripts - before.scripts]]);
    await this.#cluster.startNode(node);
  }

  /** Ask a server to end, whose tasks don't. */
  async stop(node, tasks) {
    const started = Date.now();
    const ended = await this.#cluster.stopNode(node);
    console.log(`${node.name} was stopped: ${seconds(Date.now() - started)}`);
    this.#report.check(ended, 'it ends by itself, a few seconds after its period of grace');
    await this.#cluster.startNode(node);
    await this.see(tasks, 'have failed, and say that it was stopped', hasFailed(/shut|stop/));
  }

  /** Take all data away from Redis. */
  async empty(node, tasks) {
    await this.redis('FLUSHALL');
    console.log('Redis was emptied');
    await this.see(tasks, 'are unknown to everybody', ({ error }) => error?.code === -32602);
    const started = Date.now();
    let running;
    do {
      await delay(1000);
      const { body } = await get(new URL('/actuator/metrics/mcp.persist.tasks', node.url));
      running = body.measurements?.[0].value;
    } while (running !== 0 && Date.now() - started < LIMIT);
    this.#report.check(running === 0, `their tools are stopped on ${node.name}: ${seconds(Date.now() - started)} (${running} run)`);
  }

  async redis(...args) {
    const { stdout } = await run('redis-cli', ['-p', String(this.#cluster.redisPort), ...args]);
    return stdout;
  }

  #info(section) {
    return this.redis('INFO', section);
  }

  async #use() {
    const stats = await this.#info('commandstats');
    const commands = new Map([...stats.matchAll(/cmdstat_(\S+?):calls=(\d+)/g)].map(([, name, calls]) => [name, Number(calls)]));
    const processor = [...(await this.#info('cpu')).matchAll(/used_cpu_(?:sys|user):([\d.]+)/g)];
    return {
      commands, scripts: (commands.get('evalsha') ?? 0) + (commands.get('eval') ?? 0),
      redis: processor.reduce((sum, [, used]) => sum + Number(used), 0),
      nodes: this.#cluster.nodes.map(({ process }) => (process.exited ? 0 : processorSeconds(process.pid))),
    };
  }

  #warnings() {
    return this.#cluster.nodes.reduce((sum, { process }) => sum
        + readFileSync(process.log, 'utf8').split('\n').filter((line) => /\b(WARN|ERROR)\b/.test(line)).length, 0);
  }

}

/** Thousands of tasks wait at once, and then their clients, servers and Redis do what they may. */
export async function tryWaiting({ cluster, report, options }) {
  const bench = new WaitingTasks({ cluster, report, options });
  console.log(`${options.tasks} tasks of ${options.tool}, seed ${options.seed}, ${cluster.nodes.length} servers`);
  const empty = await bench.memory();
  const tasks = await bench.begin('Begun');
  const full = await bench.memory();
  const each = (full.nodes.reduce(sum) - empty.nodes.reduce(sum)) / tasks.length;
  printTable([
    ['heap of a task', `${(each / 1024).toFixed(1)} KB`],
    ['threads of a server', full.threads.join(', ')],
    ['memory of a task in Redis', `${Math.round((full.redis - empty.redis) / tasks.length)} bytes`],
  ]);
  await bench.idle(tasks);
  await bench.look(tasks);
  await bench.hurry(tasks);
  await bench.outage(tasks, `Redis stood still for ${options.pause} s`, bench.pause());
  await bench.outage(tasks, 'Redis was started anew, with its data', bench.restart());
  await bench.answer(tasks);
  const ended = await bench.memory();
  const again = await bench.begin('Begun once more');
  await bench.memory();
  const of = (node) => again.filter((task) => task.node === node);
  const [stopped, killed, emptied] = cluster.nodes;
  if (killed) {
    await bench.kill(killed, of(killed));
  }
  await bench.stop(stopped, of(stopped));
  if (emptied) {
    await bench.empty(emptied, of(emptied));
  }
  const left = await bench.memory();
  printTable([
    ['heap of each server before the first task', empty.nodes.map(megabytes).join(', ')],
    ['with its tasks', full.nodes.map(megabytes).join(', ')],
    ['when they had ended', ended.nodes.map(megabytes).join(', ')],
    ['and in the end', left.nodes.map(megabytes).join(', ')],
  ]);
  const forever = await keysWithoutExpiry(cluster.redisPort);
  report.check(forever.length === 0, `no key without an expiry is left in Redis (${forever.length} are)`);
}

async function inTurns(items, action) {
  let next = 0;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (next < items.length) {
      await action(items[next++]);
    }
  }));
}

/** @returns what came, within a minute: one that may be asked for again has a status of its own, or none */
async function post(node, method, name, params = { taskId: name }) {
  const started = Date.now();
  try {
    const response = await fetch(node.url, {
      method: 'POST', signal: AbortSignal.timeout(60_000),
      headers: {
        'content-type': 'application/json', accept: 'application/json, text/event-stream',
        'mcp-protocol-version': VERSION, 'mcp-method': method, 'mcp-name': name,
      },
      body: JSON.stringify({
        jsonrpc: '2.0', id: 1, method,
        params: {
          ...params, ...(method.startsWith('tasks/') && { taskId: name }),
          _meta: {
            [`${PREFIX}protocolVersion`]: VERSION,
            [`${PREFIX}clientCapabilities`]: { elicitation: {}, extensions: { [`${PREFIX}tasks`]: {} } },
          },
        },
      }),
    });
    const { result, error } = await response.json();
    return { status: response.status, retryAfter: response.headers.get('retry-after'), result, error, took: Date.now() - started };
  }
  catch (error) {
    return { lost: String(error.cause ?? error), took: Date.now() - started };
  }
}

async function get(url) {
  const started = Date.now();
  const response = await fetch(url, { signal: AbortSignal.timeout(60_000) });
  const body = await response.json().catch(() => ({}));
  return { body, took: Date.now() - started };
}

/** What a process has used of a processor, in seconds. */
function processorSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

const sum = (one, other) => one + other;

const middle = (values) => [...values].sort((one, other) => one - other)[values.length >> 1];

const seconds = (millis) => (millis === undefined ? 'never' : `${(millis / 1000).toFixed(1)} s`);

const megabytes = (bytes) => `${(bytes / (1 << 20)).toFixed(0)} MB`;
