import { setTimeout as delay } from 'node:timers/promises';
import { exchange } from '../chaos/exchange.mjs';
import { random } from '../chaos/random.mjs';
import { printTable } from '../common/report.mjs';
import { parse, readEvents } from './session.mjs';

const VERSION = '2026-07-28';

/** Asks for a name, and then for a colour, and blocks for both. */
const TOOL = 'test_input_required_result_multi_round';

/** How many clients answer at a time. */
const AT_ONCE = 32;

/** A call whose server was killed ends within this, in milliseconds. */
const DEATH_LIMIT = 30_000;

/** And everything within this, from the kill on. */
const LIMIT = 60_000;

/**
 * A call of revision 2026-07-28 whose tool blocks twice for its client, which answers to any server. What goes
 * down with a server, or is cut, is made again elsewhere, as a client does.
 */
export class Call {

  /** What it was asked, by key, in order. */
  asked = [];

  problems = [];

  repeated = 0;

  #number;
  #bench;
  #dice;

  constructor(number, bench) {
    this.#number = number;
    this.#bench = bench;
    this.#dice = random(bench.seed, `call ${number}`);
  }

  /** Call the tool on a server, until it asks. */
  async park(node) {
    this.owner = node;
    this.ownerProcess = node.process;
    this.#take(await this.#post(node));
  }

  /** Answer whatever is asked, to any server, until there is an outcome. */
  async answerAll() {
    while (this.end === undefined && this.problems.length === 0) {
      this.#take(await this.#answer());
    }
    this.endedAt = Date.now();
  }

  /** What is wrong once it is over, if anything. */
  problem(killed) {
    const text = this.end?.result?.content?.[0]?.text;
    if (this.problems.length === 0 && text !== `name-${this.#number} likes color-${this.#number}`) {
      if (this.ownerProcess !== killed?.process || !/has gone/.test(this.end?.error?.message)) {
        this.problems.push(`ended with ${JSON.stringify(this.end)}`);
      }
      else if (this.endedAt - killed.at > DEATH_LIMIT) {
        this.problems.push(`ended ${this.endedAt - killed.at} ms after its server was killed`);
      }
    }
    if (new Set(this.asked).size !== this.asked.length) {
      this.problems.push(`was asked ${this.asked}`);
    }
    return this.problems.length ? `call ${this.#number} on ${this.owner.name} ${this.problems.join('; ')}` : undefined;
  }

  get failed() {
    return this.end?.error !== undefined;
  }

  #take(message) {
    if (message?.result?.resultType === 'input_required') {
      this.state = message.result.requestState;
      this.keys = Object.keys(message.result.inputRequests);
      this.asked.push(...this.keys);
    }
    else if (message !== undefined) {
      this.end = message;
    }
  }

  async #answer() {
    const roll = this.#dice.integer(0, 7);
    if (roll === 0) {
      // The same twice and at once has one outcome
      const both = await Promise.all([this.#repeat(), this.#repeat()]);
      const [one, other] = both.map(outcome);
      if (one !== other) {
        this.problems.push(`got ${one} and ${other} for the same request`);
      }
      return both[0];
    }
    if (roll === 1) {
      const cut = new AbortController();
      setTimeout(() => cut.abort(), this.#dice.integer(0, 30));
      const answer = await this.#post(this.#anyNode(), cut.signal);
      if (answer !== undefined) {
        return answer;
      }
      this.repeated++;
    }
    return this.#repeat();
  }

  async #repeat() {
    for (;;) {
      const message = await this.#post(this.#anyNode());
      if (message !== undefined) {
        return message;
      }
      if (this.#bench.isOver()) {
        this.problems.push('has no outcome');
        return undefined;
      }
      this.repeated++;
      await delay(100);
    }
  }

  #anyNode() {
    const { nodes } = this.#bench;
    return nodes[this.#dice.integer(0, nodes.length - 1)];
  }

  /** @returns the response, or nothing if it got lost, or is to be asked for again */
  async #post(node, signal) {
    let message;
    const answers = Object.fromEntries((this.keys ?? []).map((key) => [key, {
      action: 'accept', content: { name: `name-${this.#number}`, color: `color-${this.#number}` },
    }]));
    const answer = await exchange(node.url, 'POST', {
      signal, idleLimit: 40_000,
      headers: { 'mcp-protocol-version': VERSION, 'mcp-method': 'tools/call', 'mcp-name': TOOL },
      body: {
        jsonrpc: '2.0', id: this.#number, method: 'tools/call',
        params: {
          name: TOOL, arguments: {}, ...(this.state && { requestState: this.state, inputResponses: answers }),
          _meta: {
            'io.modelcontextprotocol/protocolVersion': VERSION,
            'io.modelcontextprotocol/clientCapabilities': { elicitation: {} },
          },
        },
      },
      onEvent: readEvents(undefined, (one) => {
        message = one;
      }),
    });
    message ??= parse(answer.text);
    return (answer.status === 503 || (message?.result ?? message?.error) === undefined) ? undefined : message;
  }

}

/** What two answers to the same request have in common: a state is sealed anew for each. */
function outcome(message) {
  const { requestState, ...result } = message?.result ?? {};
  return JSON.stringify(message?.error ?? result);
}

/** Many tools block for their clients, who answer to any server, while one is killed. */
export async function tryRounds({ cluster, report, options }) {
  const count = Number(options.questions);
  const dice = random(options.seed, 'rounds');
  let over = Infinity;
  const bench = { nodes: cluster.nodes, seed: options.seed, isOver: () => Date.now() > over };
  const calls = Array.from({ length: count }, (_, number) => new Call(number, bench));
  console.log(`${count} calls that ask twice, seed ${options.seed}, ${cluster.nodes.length} servers`);

  const started = Date.now();
  await inTurns(calls, (call) => call.park(cluster.nodes[dice.integer(0, cluster.nodes.length - 1)]));
  const parked = calls.filter(({ state }) => state !== undefined).length;
  report.check(parked === count, `${parked} of ${count} tools wait for their clients`);
  const asked = Date.now();

  const [victim] = cluster.nodes;
  const killed = { process: victim.process };
  let restarted;
  let ended = 0;
  over = Date.now() + LIMIT;
  await inTurns(calls.filter(({ state }) => state !== undefined), async (call) => {
    if (ended++ === count >> 2) {
      await cluster.killNode(victim);
      killed.at = Date.now();
      over = killed.at + LIMIT;
      restarted = cluster.startNode(victim);
      restarted.catch(() => undefined);
    }
    await call.answerAll();
  });
  const answered = Date.now();
  const onVictim = calls.filter(({ ownerProcess }) => ownerProcess === killed.process);
  printTable([
    ['time until all had asked', `${asked - started} ms`],
    ['from the kill until all had ended', `${answered - killed.at} ms`],
    ['calls on the server that was killed', `${onVictim.length}, of which ${onVictim.filter(({ failed }) => failed).length} ended with an error`],
    ['requests made again', calls.reduce((sum, { repeated }) => sum + repeated, 0)],
  ]);
  const problems = calls.map((call) => call.problem(killed)).filter(Boolean);
  problems.slice(0, options.verbose ? undefined : 10).forEach((line) => console.log(`  ${line}`));
  report.check(onVictim.some(({ failed }) => failed) && calls.some(({ failed }) => !failed), 'some calls were hit by the kill, and not all');
  report.check(problems.length === 0, `every call ended once, with its outcome or the error that its server has gone (${problems.length} did not)`);
  await restarted;
}

async function inTurns(items, action) {
  const waiting = [...items];
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
      await action(item);
    }
  }));
}
