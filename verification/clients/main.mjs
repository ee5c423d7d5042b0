import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { freePort, Processes, tail, waitForPort } from '../common/processes.mjs';
import { printLog, Report } from '../common/report.mjs';
import { CLIENTS } from './clients.mjs';
import { judge } from './judge.mjs';
import { describeRun } from './page.mjs';
import { scenariosFor } from './scenarios.mjs';
import { Stage } from './stage.mjs';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/** How long a client may take for all of its scenarios, in milliseconds. */
const LIMIT = 240_000;

/** How long the servers take to start on two idle cores, in milliseconds. */
const USUAL_START = 15_000;

const USAGE = `usage: run [options]
  --quick            each form of a cut in one place only, and fewer lines
  --client NAME      only this client; may be repeated
  --docs FILE        write the table of what was found to this file
  --at-once N        clients at once (2)
  --timeout SECONDS  for the whole run (1500)
  --jar FILE         the server (samples/spring-ai-server/target/spring-ai-server.jar)
  --java FILE        the java command (that of JAVA_HOME, else of the PATH)
  --instances N      servers (2); with 1 and --server-arg=--mcp.persist.enabled=false it is plain Spring AI
  --server-arg ARG   another argument for the servers; may be repeated
  --keep-logs        leave the directory of logs behind
  --verbose          print what each client sent
clients: ${CLIENTS.map(({ name }) => name).join(', ')}`;

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    client: { type: 'string', multiple: true, default: [] },
    docs: { type: 'string' },
    'at-once': { type: 'string', default: '2' },
    timeout: { type: 'string', default: '1500' },
    jar: { type: 'string', default: path.join(ROOT, 'samples/spring-ai-server/target/spring-ai-server.jar') },
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
const unknown = options.client.filter((name) => !CLIENTS.some((client) => client.name === name));
if (unknown.length > 0 || (options.docs && (options.quick || options.client.length > 0))) {
  console.error(unknown.length > 0 ? `no such client: ${unknown.join(', ')}\n\n${USAGE}`
      : `--docs takes a whole run\n\n${USAGE}`);
  process.exit(2);
}

const clients = CLIENTS.filter(({ name }) => options.client.length === 0 || options.client.includes(name));
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

async function startServers() {
  if (!existsSync(options.jar)) {
    throw new Error(`${options.jar} doesn't exist: build it with mvn package, or name it with --jar`);
  }
  const redisPort = await freePort();
  const redis = processes.start('redis', 'redis-server',
      ['--port', String(redisPort), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']);
  await waitForPort(redisPort, redis);
  return Promise.all(Array.from({ length: Number(options.instances) }, async (ignored, number) => {
    const port = await freePort();
    const name = `server${number + 1}`;
    // Many processes share few cores: a server that gets no core for a while hasn't lost its Redis.
    const started = processes.start(name, options.java, [
      '-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-jar', path.resolve(options.jar),
      `--server.port=${port}`, `--spring.data.redis.url=redis://127.0.0.1:${redisPort}`, '--mcp.persist.timeout=30s',
      '--logging.level.org.springframework.context.support=ERROR',
      // A client that can would take revision 2026-07-28, in which there is nothing to resume.
      '--mcp.persist.modern.enabled=false',
      ...options['server-arg'],
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
    scenario.stage = await new Stage(nodes, scenario.plan).open();
  }
  const task = {
    scenarios: scenarios.map(({ name, timeoutMs, list, calls, stage }) => ({ name, url: stage.url, timeoutMs, list, calls })),
  };
  const [command, ...args] = client.command({ javaCommand: options.java });
  // A group of its own: some clients start processes themselves
  const started = processes.start(client.name, command, [...args, JSON.stringify(task)], { detached: true });
  groups.add(started.pid);
  const ended = await processes.wait(started, LIMIT * slowness);
  endGroup(started.pid);
  groups.delete(started.pid);
  await Promise.all(scenarios.map(({ stage }) => stage.settle()));
  for (const line of readFileSync(started.log, 'utf8').split('\n').filter((text) => text.startsWith('outcome '))) {
    const outcome = JSON.parse(line.slice('outcome '.length));
    scenarios.find(({ name }) => name === outcome.scenario).outcome = outcome;
  }
  await Promise.all(scenarios.map(({ stage }) => stage.close()));
  return { client, scenarios, ended, log: started.log, seconds: (Date.now() - begin) / 1000 };
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
    console.log(tail(log).split('\n').filter((line) => !line.startsWith('outcome ')).map((line) => `     ${line.slice(0, 300)}`).join('\n'));
  }
  return found;
}

try {
  const begin = Date.now();
  const nodes = await startServers();
  const slowness = Math.min(6, Math.ceil((Date.now() - begin) / USUAL_START));
  if (slowness > 1) {
    console.log(`The servers took ${((Date.now() - begin) / 1000).toFixed(0)} s to start: this machine is busy, and all waits are longer`);
  }
  const waiting = [...clients];
  const found = [];
  await Promise.all(Array.from({ length: Number(options['at-once']) }, async () => {
    for (let client = waiting.shift(); client !== undefined; client = waiting.shift()) {
      found.push({ client, ...print(await run(client, nodes, slowness)) });
    }
  }));
  nodes.forEach((node) => report.check(!node.process.exited, `${node.name} is there in the end`));
  nodes.forEach((node) => printLog(node.process.log, node.name));
  const page = path.join(ROOT, 'docs/clients.md');
  if (options.docs && report.failed === 0) {
    found.sort((one, other) => CLIENTS.indexOf(one.client) - CLIENTS.indexOf(other.client));
    writeFileSync(options.docs, describeRun(found));
  }
  else if (options.docs) {
    console.log(`     ${options.docs} is left as it was`);
  }
  else if (options.client.length === 0) {
    const text = existsSync(page) ? readFileSync(page, 'utf8') : '';
    const missing = clients.filter(({ title }) => !text.includes(`| ${title} |`));
    report.check(missing.length === 0, 'docs/clients.md has every client in its version '
        + `${missing.length > 0 ? `(not ${missing.map(({ title }) => title).join(', ')}: run with --docs docs/clients.md)` : ''}`);
  }
}
catch (error) {
  report.check(false, options.verbose ? error.stack : error.message);
}
if (options['keep-logs']) {
  console.log(`     logs are in ${processes.directory}`);
}
report.finish();
