import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Processes } from '../common/processes.mjs';
import { printLog, Report } from '../common/report.mjs';
import { tryAnswers } from './answers.mjs';
import { tryCalls } from './calls.mjs';
import { Cluster } from './cluster.mjs';
import { tryConformance } from './conformance.mjs';
import { DELETE_ARGS, tryDelete } from './delete.mjs';
import { tryRounds } from './rounds.mjs';
import { TASKS_ARGS, tryTasks } from './tasks.mjs';
import { tryWaiting, WAITING_ARGS } from './waiting.mjs';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

const MODES = {
  conformance: { run: tryConformance },
  chaos: { run: tryCalls },
  answers: { run: tryAnswers },
  rounds: { run: tryRounds },
  tasks: { run: tryTasks, tasks: '2000', serverArgs: TASKS_ARGS },
  waiting: { run: tryWaiting, heap: '1g', tasks: '10000', serverArgs: WAITING_ARGS },
  delete: { run: tryDelete, serverArgs: DELETE_ARGS },
};

const USAGE = `usage: run MODE [options]
  conformance          the official suite through the balancer
    --revision DATE    the protocol revision (2025-11-25)
    --scenario NAME    only this scenario; may be repeated
  chaos                calls whose connections are cut, while servers are stopped in turn
    --restart HOW      term, kill or none (term)
    --seconds N        how long (180)
    --concurrency N    calls at once (16)
    --interval MS      from one stop to the next, at least (0; 16000 with kill)
    --death-limit S    how soon after a kill its calls end (30)
  answers              answers to sampling and elicitation, posted to any server
    --questions N      tools that ask at once (200)
    --sessions N       in so many sessions (10)
  rounds               calls of 2026-07-28 that ask twice, answered to any server while one is killed
    --questions N      calls (200)
  tasks                tasks that are followed on any server, while each is killed and Redis stands still
    --tasks N          calls that become tasks (2000)
  waiting              tasks that all wait for their clients at once, while Redis stands still, restarts and is emptied, and
                       servers are killed and stopped
    --tasks N          tasks (10000)
    --tool NAME        confirm_delete holds a thread for each, multi_input doesn't (multi_input)
    --idle S           how long nothing happens (60)
    --pause S          how long Redis stands still (15)
  delete               DELETE against running calls, live readers and restores
    --rounds N         sessions (500)
    --key-limit S      how soon no key of them is left (30)
every mode
  --nodes N            servers (3)
  --seed N             repeats the random choices of an earlier run (the time)
  --timeout SECONDS    for the whole run (900)
  --jar FILE           the server (samples/conformance-server/target/conformance-server.jar)
  --java FILE          the java command (that of JAVA_HOME, else of the PATH)
  --server-arg ARG     another argument for the servers; may be repeated
  --keep-logs          leave the directory of logs behind
  --verbose            print every violation`;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    scenario: { type: 'string', multiple: true, default: [] },
    revision: { type: 'string', default: '2025-11-25' },
    restart: { type: 'string', default: 'term' },
    seconds: { type: 'string', default: '180' },
    concurrency: { type: 'string', default: '16' },
    interval: { type: 'string' },
    'death-limit': { type: 'string', default: '30' },
    questions: { type: 'string', default: '200' },
    sessions: { type: 'string', default: '10' },
    tasks: { type: 'string' },
    tool: { type: 'string', default: 'multi_input' },
    idle: { type: 'string', default: '60' },
    pause: { type: 'string', default: '15' },
    rounds: { type: 'string', default: '500' },
    'key-limit': { type: 'string', default: '30' },
    nodes: { type: 'string', default: '3' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    timeout: { type: 'string', default: '900' },
    jar: { type: 'string', default: path.join(ROOT, 'samples/conformance-server/target/conformance-server.jar') },
    java: { type: 'string', default: process.env.JAVA_HOME ? path.join(process.env.JAVA_HOME, 'bin/java') : 'java' },
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
const mode = Object.hasOwn(MODES, positionals[0] ?? '') ? MODES[positionals[0]] : undefined;
if (mode === undefined || positionals.length > 1 || !['term', 'kill', 'none'].includes(options.restart)) {
  console.error(USAGE);
  process.exit(2);
}

options.tasks ??= mode.tasks;

const processes = new Processes();
const report = new Report();

process.on('exit', () => processes.killAll(options['keep-logs']));
['SIGINT', 'SIGTERM', 'SIGHUP'].forEach((signal) => process.on(signal, () => process.exit(130)));
// Every wait below is bounded; this is for what nobody thought of.
setTimeout(() => {
  report.check(false, `ends within ${options.timeout} s`);
  report.finish();
}, Number(options.timeout) * 1000);

const cluster = new Cluster({
  processes, nodes: Number(options.nodes), jar: options.jar, java: options.java, heap: mode.heap ?? '256m',
  serverArgs: [...mode.serverArgs ?? [], ...options['server-arg']],
});
try {
  await cluster.start();
  await mode.run({ cluster, report, options, processes });
  report.check(cluster.nodes.every((node) => !node.process.exited), 'every server is there in the end');
}
catch (error) {
  report.check(false, options.verbose ? error.stack : error.message);
}
cluster.nodes.forEach(({ name, process: started }) => printLog(started?.log, name));
if (options['keep-logs']) {
  console.log(`     logs are in ${processes.directory}`);
}
report.finish();
