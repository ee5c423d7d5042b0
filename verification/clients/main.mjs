import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { freePort, Processes, tail, waitForPort } from '../common/processes.mjs';
import { printLog, Report } from '../common/report.mjs';
import { CLIENTS } from './clients.mjs';
import { ERAS, erasScenario, judgeEras, titleOf } from './eras.mjs';
import { judge } from './judge.mjs';
import { describeRun } from './page.mjs';
import { RoundRobin } from './round-robin.mjs';
import { scenariosFor } from './scenarios.mjs';
import { Stage } from './stage.mjs';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/** How long a client may take for all of its scenarios, in milliseconds. */
const LIMIT = 240_000;

/** How long the servers take to start on two idle cores, in milliseconds. */
const USUAL_START = 15_000;

/** Tools that ask twice are there, and nothing of Spring AI's. */
const ERAS_JAR = path.join(ROOT, 'samples/conformance-server/target/conformance-server.jar');

const USAGE = `usage: run [options]
  --quick            each form of a cut in one place only, fewer lines, and only clients that know both eras
                     at the servers of both
  --client NAME      only this client; may be repeated
  --docs FILE        write the table of what was found to this file
  --at-once N        clients at once (2)
  --timeout SECONDS  for the whole run (1500)
  --jar FILE         the server (samples/spring-ai-server/target/spring-ai-server.jar)
  --eras-jar FILE    the server of both eras (samples/conformance-server/target/conformance-server.jar)
  --java FILE        the java command (that of JAVA_HOME, else of the PATH)
  --instances N      servers (2); with 1 and --server-arg=--mcp.persist.enabled=false it is plain Spring AI
  --server-arg ARG   another argument for the servers; may be repeated
  --keep-logs        leave the directory of logs behind
  --verbose          print what each client sent
clients: ${CLIENTS.map(({ name }) => name).join(', ')};
of both eras: ${ERAS.map(({ name }) => name).join(', ')}`;

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    client: { type: 'string', multiple: true, default: [] },
    docs: { type: 'string' },
    'at-once': { type: 'string', default: '2' },
    timeout: { type: 'string', default: '1500' },
    jar: { type: 'string', default: path.join(ROOT, 'samples/spring-ai-server/target/spring-ai-server.jar') },
    'eras-jar': { type: 'string', default: ERAS_JAR },
    java: { type: 'string', default: process.env.JAVA_HOME ? path.join(process.env.JAVA_HOME, 'bin/java') : 'java' },
    instances: { type: 'string', default: '2' },
    'server-arg': { type: 'string', multiple: true, default: [] },
    'keep-logs': { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (options.help) {
  console.log(USAGE);
  process.exit(0);
}
const unknown = options.client.filter((name) => ![...CLIENTS, ...ERAS].some((client) => client.name === name));
if (unknown.length > 0 || (options.docs && (options.quick || options.client.length > 0))) {
  console.error(unknown.length > 0 ? `no such client: ${unknown.join(', ')}\n\n${USAGE}`
      : `--docs takes a whole run\n\n${USAGE}`);
  process.exit(2);
}

const isWanted = ({ name }) => options.client.length === 0 || options.client.includes(name);
const clients = CLIENTS.filter(isWanted);
const eras = ERAS.filter((client) => isWanted(client) && (client.can.quick || !options.quick));
const processes = new Processes();
const report = new Report();
const groups = new Set();

process.on('exit', () => {
  groups.forEach(endGroup);
  processes.killAll(options['keep-logs']);
});
['SIGINT', 'SIGTERM', 'SIGHUP'].forEach((signal) => process.on(signal, () => process.exit(130)));
// Every wait below is bounded; this is for what nobody thought of.
setTimeout(() => {
  report.check(false, `ends within ${options.timeout} s`);
  report.finish();
}, Number(options.timeout) * 1000);

async function startRedis() {
  const port = await freePort();
  const redis = processes.start('redis', 'redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']);
  await waitForPort(port, redis);
  return port;
}

async function startServers(prefix, jar, redisPort, args) {
  if (!existsSync(jar)) {
    throw new Error(`${jar} doesn't exist: build it with mvn package, or name it with --jar or --eras-jar`);
  }
  return Promise.all(Array.from({ length: Number(options.instances) }, async (ignored, number) => {
    const port = await freePort();
    const name = `${prefix}${number + 1}`;
    // Many processes share few cores: a server that gets no core for a while hasn't lost its Redis.
    const started = processes.start(name, options.java, [
      '-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-jar', path.resolve(jar),
      `--server.port=${port}`, `--spring.data.redis.url=redis://127.0.0.1:${redisPort}`, '--mcp.persist.timeout=30s',
      '--logging.level.org.springframework.context.support=ERROR',
      ...args, ...options['server-arg'],
    ]);
    await waitForPort(port, started, 180_000);
    return { name, url: `http://127.0.0.1:${port}/mcp`, process: started };
  }));
}

/** One process of a client, which plays all scenarios, each on a stage of its own. */
async function run(client, nodes, slowness) {
  const begin = Date.now();
  const scenarios = scenariosFor(client, options.quick, slowness);
  for (const scenario of scenarios) {
    scenario.stage = await new Stage(nodes, scenario.plan, slowness).open();
  }
  const { ended, log } = await play(client, scenarios.map((scenario) => ({ ...scenario, url: scenario.stage.url })), slowness,
      (outcome) => {
        scenarios.find(({ name }) => name === outcome.scenario).outcome = outcome;
      }, () => Promise.all(scenarios.map(({ stage }) => stage.settle())));
  await Promise.all(scenarios.map(({ stage }) => stage.close()));
  return { client, scenarios, ended, log, seconds: (Date.now() - begin) / 1000 };
}

/** One process of a client at servers of both eras. */
async function runEras(client, nodes, slowness) {
  const begin = Date.now();
  const balancer = await new RoundRobin(nodes).open();
  let outcome;
  const { ended, log } = await play(client, [{ ...erasScenario(slowness), url: balancer.url }], slowness, (found) => {
    outcome = found;
  });
  await balancer.close();
  return { client, outcome, requests: balancer.requests, ended, log, seconds: (Date.now() - begin) / 1000 };
}

async function play(client, scenarios, slowness, found, settled = () => undefined) {
  const task = {
    mode: client.mode,
    scenarios: scenarios.map(({ name, timeoutMs, list, calls, url }) => ({ name, url, timeoutMs, list, calls })),
  };
  const [command, ...args] = client.command({ javaCommand: options.java });
  // A group of its own: some clients start processes themselves
  const started = processes.start(client.name, command, [...args, JSON.stringify(task)], { detached: true });
  groups.add(started.pid);
  const ended = await processes.wait(started, LIMIT * slowness);
  endGroup(started.pid);
  groups.delete(started.pid);
  await settled();
  readFileSync(started.log, 'utf8').split('\n').filter((text) => text.startsWith('outcome '))
    .forEach((line) => found(JSON.parse(line.slice('outcome '.length))));
  return { ended, log: started.log };
}

function endGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL');
  }
  catch {
    // It has gone with all that it started
  }
}

function print({ client, scenarios, ended, log, seconds }) {
  console.log(`${client.title} (${seconds.toFixed(1)} s)`);
  const before = report.failed;
  report.check(ended && scenarios.every(({ outcome }) => outcome !== undefined), `${client.name} plays all scenarios and ends by itself`);
  const found = judge(client, scenarios, (passed, text) => report.check(passed, `${client.name} ${text}`));
  if (report.failed > before || options.verbose) {
    for (const { name, outcome, stage } of scenarios) {
      console.log(`     ${name}: ${JSON.stringify(outcome)}`);
      stage.requests.forEach((request) => console.log(`       ${JSON.stringify(request)}`));
    }
    printTail(log);
  }
  return found;
}

function printEras({ client, outcome, requests, ended, log, seconds }) {
  console.log(`${titleOf(client)}, at servers of both eras (${seconds.toFixed(1)} s)`);
  const before = report.failed;
  report.check(ended && outcome !== undefined, `${client.name} does all and ends by itself`);
  const found = judgeEras(client, outcome, requests, (passed, text) => report.check(passed, `${client.name} ${text}`));
  if (report.failed > before || options.verbose) {
    console.log(`     ${JSON.stringify(outcome)}`);
    requests.forEach((request) => console.log(`       ${JSON.stringify(request)}`));
    printTail(log);
  }
  return found;
}

function printTail(log) {
  console.log(tail(log).split('\n').filter((line) => !line.startsWith('outcome ')).map((line) => `     ${line.slice(0, 300)}`).join('\n'));
}

/** Let each client play, some at once. @returns what was found of each, in their order */
async function playAll(players, how, printed) {
  const waiting = [...players];
  const found = [];
  await Promise.all(Array.from({ length: Number(options['at-once']) }, async () => {
    for (let client = waiting.shift(); client !== undefined; client = waiting.shift()) {
      found.push({ client, ...printed(await how(client)) });
    }
  }));
  return found.sort((one, other) => players.indexOf(one.client) - players.indexOf(other.client));
}

function checkAlive(nodes) {
  nodes.forEach((node) => report.check(!node.process.exited, `${node.name} is there in the end`));
  nodes.forEach((node) => printLog(node.process.log, node.name));
}

try {
  const redisPort = await startRedis();
  let slowness = 1;
  const start = async (prefix, jar, args) => {
    const begin = Date.now();
    const nodes = await startServers(prefix, jar, redisPort, args);
    const seconds = (Date.now() - begin) / 1000;
    slowness = Math.min(6, Math.ceil(seconds * 1000 / USUAL_START));
    if (slowness > 1) {
      console.log(`The servers took ${seconds.toFixed(0)} s to start: this machine is busy, and all waits are longer`);
    }
    return nodes;
  };
  let found = [];
  if (clients.length > 0) {
    // A client that can would take revision 2026-07-28, in which there is nothing to resume
    const nodes = await start('server', options.jar, ['--mcp.persist.modern.enabled=false']);
    found = await playAll(clients, (client) => run(client, nodes, slowness), print);
    checkAlive(nodes);
    await Promise.all(nodes.map((node) => processes.kill(node.process)));
  }
  let foundEras = [];
  if (eras.length > 0) {
    const nodes = await start('both', options['eras-jar'], []);
    foundEras = await playAll(eras, (client) => runEras(client, nodes, slowness), printEras);
    checkAlive(nodes);
  }
  const page = path.join(ROOT, 'docs/clients.md');
  if (options.docs && report.failed === 0) {
    writeFileSync(options.docs, describeRun(found, foundEras));
  }
  else if (options.docs) {
    console.log(`     ${options.docs} is left as it was`);
  }
  else if (options.client.length === 0) {
    const text = existsSync(page) ? readFileSync(page, 'utf8') : '';
    const missing = [...clients.map(({ title }) => title), ...eras.map(titleOf)].filter((title) => !text.includes(`| ${title} |`));
    report.check(missing.length === 0, 'docs/clients.md has every client in its version '
        + `${missing.length > 0 ? `(not ${missing.join(', ')}: run with --docs docs/clients.md)` : ''}`);
  }
}
catch (error) {
  report.check(false, options.verbose ? error.stack : error.message);
}
if (options['keep-logs']) {
  console.log(`     logs are in ${processes.directory}`);
}
report.finish();
