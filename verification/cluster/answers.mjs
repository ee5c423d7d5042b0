import { setTimeout as delay } from 'node:timers/promises';
import { random } from '../chaos/random.mjs';
import { printTable } from '../common/report.mjs';
import { parse, readEvents, Session } from './session.mjs';

/** How long a server may take to say that the one which asked has gone. */
const GONE_LIMIT = 3000;

const CAPABILITIES = { sampling: {}, elicitation: {} };

/** Two tools that ask the client: what they say they got, and the answer that makes them say it. */
const KINDS = [
  {
    tool: 'test_elicitation', argument: 'message', method: 'elicitation/create',
    question: ({ message }) => message,
    answer: (mark) => ({ action: 'accept', content: { username: mark, email: `${mark}@example.com` } }),
  },
  {
    tool: 'test_sampling', argument: 'prompt', method: 'sampling/createMessage',
    question: ({ messages }) => messages?.[0]?.content?.text,
    answer: (mark) => ({ role: 'assistant', model: 'bench', stopReason: 'endTurn', content: { type: 'text', text: mark } }),
  },
];

/** A tool that asks; `asked` resolves with its question, `done` when its stream is over. */
class Question {

  constructor(session, number, node) {
    this.session = session;
    this.kind = KINDS[number % 2];
    this.node = node;
    this.text = `question-${number}-`;
    this.mark = `answer-${number}-`;
    this.problems = [];
    const { promise, resolve } = withResolvers();
    this.asked = promise;
    this.done = session.call(node.url, this.kind.tool, { [this.kind.argument]: this.text }, {
      onId: (id) => {
        this.lastEventId = id;
      },
      onMessage: (message) => {
        if (message.method === this.kind.method) {
          this.id = message.id;
          if (this.kind.question(message.params) !== this.text) {
            this.problems.push(`was asked ${JSON.stringify(message.params).slice(0, 100)}`);
          }
          resolve();
        }
        else {
          this.response = message;
        }
      },
    }).then((answer) => {
      this.answer = answer;
      resolve();
    });
  }

  reply(url) {
    return this.session.post(url, { id: this.id, result: this.kind.answer(this.mark) });
  }

  /** What is wrong once it is over, if anything. */
  problem() {
    const text = this.response?.result?.content?.[0]?.text ?? '';
    if (this.id === undefined) {
      this.problems.push(`was never asked: ${this.answer.status ?? this.answer.error} ${this.answer.text}`);
    }
    else if (this.response?.result?.isError || !text.includes(this.mark)) {
      this.problems.push(`ended with ${JSON.stringify(this.response) ?? this.answer.error}`);
    }
    return this.problems.length ? `${this.text} on ${this.node.name} ${this.problems.join('; ')}` : undefined;
  }

}

/** Many tools ask at once, and the answers go to servers chosen at random. */
export async function tryAnswers({ cluster, report, options }) {
  const dice = random(options.seed, 'answers');
  const anyNode = () => cluster.nodes[dice.integer(0, cluster.nodes.length - 1)];
  await warmUp(cluster.nodes);
  const count = Number(options.questions);
  const sessions = await Promise.all(Array.from({ length: Number(options.sessions) },
      () => new Session().open(anyNode().url, CAPABILITIES)));
  console.log(`${count} questions in ${sessions.length} sessions, seed ${options.seed}, ${cluster.nodes.length} servers`);

  const started = Date.now();
  const questions = Array.from({ length: count }, (_, number) => new Question(sessions[number % sessions.length], number, anyNode()));
  await Promise.all(questions.map(({ asked }) => asked));
  const asked = Date.now();
  const ids = new Set(questions.map(({ session, id }) => `${session.id} ${id}`));
  report.check(ids.size === count && questions.every(({ id, answer }) => id !== undefined && answer === undefined),
      `${ids.size} of ${count} requests to the client under way at once, no ID twice`);

  let elsewhere = 0;
  const statuses = { first: [], again: [], late: [] };
  const open = questions.filter(({ id }) => id !== undefined);
  await Promise.all(open.map(async (question) => {
    const node = anyNode();
    elsewhere += (node === question.node) ? 0 : 1;
    statuses.first.push(await question.reply(node.url));
    statuses.again.push(await question.reply(anyNode().url));
  }));
  await Promise.all(questions.map(({ done }) => done));
  const answered = Date.now();
  await Promise.all(open.slice(0, 50).map(async (question) => statuses.late.push(await question.reply(anyNode().url))));
  printTable([
    ['answers posted to another server', elsewhere],
    ['time until all had asked', `${asked - started} ms`],
    ['time until all had their results', `${answered - asked} ms`],
  ]);
  const problems = questions.map((question) => question.problem()).filter(Boolean);
  problems.slice(0, options.verbose ? undefined : 10).forEach((line) => console.log(`  ${line}`));
  report.check(problems.length === 0, `every answer reached its tool, and no other (${problems.length} of ${count} did not)`);
  checkStatuses(report, statuses.first, 202, 'every answer accepted with 202');
  checkStatuses(report, statuses.again, 202, 'every answer repeated at once accepted with 202');
  checkStatuses(report, statuses.late, 202, 'every answer repeated after the end accepted with 202');
  await Promise.all(sessions.map((session) => session.delete(anyNode().url)));

  if (cluster.nodes.length > 1) {
    await tryGone(cluster, report);
  }
}

/** Servers that have only just started load classes for a second before they answer the first one. */
export async function warmUp(nodes) {
  await Promise.all(nodes.map(async (node) => {
    const session = await new Session().open(node.url, CAPABILITIES);
    const questions = Array.from({ length: 10 }, (_, number) => new Question(session, number, node));
    await Promise.all(questions.map(async (question) => {
      await question.asked;
      await question.reply(node.url);
      await question.done;
    }));
    await session.delete(node.url);
  }));
}

/** The server that waits for an answer is killed: the others say so to whoever posts it. */
async function tryGone(cluster, report) {
  const [node, ...others] = cluster.nodes;
  const session = await new Session().open(others[0].url, CAPABILITIES);
  const questions = [0, 1].map((number) => new Question(session, number, node));
  await Promise.all(questions.map(({ asked }) => asked));
  const asked = questions.every(({ id }) => id !== undefined);
  report.check(asked, `two tools ask on ${node.name}, which is about to be killed`);
  await cluster.killNode(node);
  if (!asked) {
    await cluster.startNode(node);
    return;
  }
  const killed = Date.now();
  await checkGone(report, questions, others[0], 'at once after the kill');
  await checkEnds(report, questions, others.at(-1), killed);
  await cluster.startNode(node);
  await checkGone(report, questions, node, 'after a restart of the server that had asked');
  await checkGone(report, questions, others.at(-1), 'at another server after that restart');
  const ping = await session.post(others[0].url, { id: 'ping', method: 'ping' });
  report.check(ping.status === 200, `the session lives on (${ping.status ?? ping.error})`);
  await session.delete(others[0].url);
}

async function checkGone(report, questions, node, when) {
  for (const question of questions) {
    const started = Date.now();
    const answer = await question.reply(node.url);
    const error = parse(answer.text)?.error;
    const time = Date.now() - started;
    report.check(answer.status === 409 && Number.isInteger(error?.code) && time <= GONE_LIMIT,
        `${question.kind.method}: an answer ${when} gets 409 and a JSON-RPC error `
        + `(${answer.status ?? answer.error} ${answer.text.slice(0, 200)}, ${time} ms)`);
  }
}

/** The calls themselves end with an error, once, for clients that resume on another server. */
async function checkEnds(report, questions, node, killed) {
  const ends = await Promise.all(questions.map((question) => resume(question, node, killed + 35_000)));
  ends.forEach(({ response, answer, at }, number) => report.check(response?.error !== undefined && at - killed <= 30_000,
      `the call of ${questions[number].kind.tool} ends with an error within 30 s of the kill (${at - killed} ms, `
      + `${response?.error?.message ?? JSON.stringify(response) ?? `${answer?.status ?? answer?.error} ${answer?.text}`})`));
}

async function resume(question, node, limit) {
  await question.done;
  let response;
  let answer;
  while (response === undefined && Date.now() < limit) {
    answer = await question.session.get(node.url, {
      lastEventId: question.lastEventId, idleLimit: limit - Date.now(),
      onEvent: readEvents((id) => {
        question.lastEventId = id;
      }, (message) => {
        response = message;
      }),
    });
    await delay(100);
  }
  return { response, answer, at: Date.now() };
}

function checkStatuses(report, answers, expected, text) {
  const others = answers.filter(({ status }) => status !== expected);
  const kinds = new Set(others.map((answer) => `${answer.status ?? answer.error} ${answer.text.replace(/"id":"[^"]*"/, '"id":..')}`));
  [...kinds].slice(0, 5).forEach((kind) => console.log(`  ${kind.slice(0, 300)}`));
  report.check(answers.length > 0 && others.length === 0, `${text} (${others.length} of ${answers.length} were not)`);
}

function withResolvers() {
  let resolve;
  const promise = new Promise((one) => {
    resolve = one;
  });
  return { promise, resolve };
}
