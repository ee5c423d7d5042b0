import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import { drawCalls, judge, runCalls } from './chaos.mjs';
import { freePort, inspectConnections, inspectJvm, inspectRedis, Processes, waitForPort } from '../common/processes.mjs';
import { KINDS } from './record.mjs';
import { printLog, printTable, Report } from '../common/report.mjs';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

const USAGE = `usage: run [options]
  --calls N          calls of the tool count, for each store (2000)
  --seed N           repeats the calls and cuts of an earlier run (the time)
  --store NAME       redis, memory or both (both)
  --concurrency N    calls at once (32)
  --timeout SECONDS  for the whole run (600)
  --jar FILE         the server (samples/conformance-server/target/conformance-server.jar)
  --java FILE        the java command (that of JAVA_HOME, else of the PATH)
  --server-arg ARG   another argument for the server; may be repeated
  --url URL          use a running server instead; with --pid its heap is checked too
  --pid PID          the process of that server
  --heap-slack MIB   how much the live heap may grow after the warm-up (6)
  --thread-slack N   how many threads more there may be after the warm-up (16)
  --verbose          print every violation`;

const { values: options } = parseArgs({
  options: {
    calls: { type: 'string', default: '2000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    store: { type: 'string', default: 'both' },
    concurrency: { type: 'string', default: '32' },
    timeout: { type: 'string', default: '600' },
    jar: { type: 'string', default: path.join(ROOT, 'samples/conformance-server/target/conformance-server.jar') },
    java: { type: 'string', default: process.env.JAVA_HOME ? path.join(process.env.JAVA_HOME, 'bin/java') : 'java' },
    'server-arg': { type: 'string', multiple: true, default: [] },
    url: { type: 'string' },
    pid: { type: 'string' },
    'heap-slack': { type: 'string', default: '6' },
    'thread-slack': { type: 'string', default: '16' },
    verbose: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (options.help) {
  console.log(USAGE);
  process.exit(0);
}
if (!['redis', 'memory', 'both'].includes(options.store)) {
  console.error(`--store ${options.store}: redis, memory or both\n\n${USAGE}`);
  process.exit(2);
}

const processes = new Processes();
const deadline = Date.now() + Number(options.timeout) * 1000;
const report = new Report();

process.on('exit', () => processes.killAll());
['SIGINT', 'SIGTERM', 'SIGHUP'].forEach((signal) => process.on(signal, () => process.exit(130)));
// Every wait below is bounded; this is for what nobody thought of.
setTimeout(() => {
  report.check(false, `ends within ${options.timeout} s`);
  report.finish();
}, deadline + 60_000 - Date.now());

async function startServer(store) {
  if (options.url) {
    return { url: options.url, port: Number(new URL(options.url).port), pid: options.pid && Number(options.pid) };
  }
  if (!existsSync(options.jar)) {
    throw new Error(`${options.jar} doesn't exist: build it with mvn package, or name it with --jar`);
  }
  const started = [];
  let redisPort;
  const args = ['-Xmx512m', '-jar', path.resolve(options.jar)];
  if (store === 'redis') {
    redisPort = await freePort();
    const redis = processes.start('redis', 'redis-server',
        ['--port', String(redisPort), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']);
    started.push(redis);
    await waitForPort(redisPort, redis);
    args.push(`--spring.data.redis.url=redis://127.0.0.1:${redisPort}`);
  }
  else {
    args.push('--mcp.persist.store=memory');
  }
  const port = await freePort();
  const server = processes.start(`server-${store}`, options.java,
      [...args, `--server.port=${port}`, '--mcp.persist.retry-interval=50ms', ...options['server-arg']]);
  started.unshift(server);
  await waitForPort(port, server);
  const stop = async () => {
    for (const one of started) {
      await processes.stop(one);
    }
  };
  return { url: `http://127.0.0.1:${port}/mcp`, port, redisPort, pid: server.pid, log: server.log, process: server, stop };
}

async function measure(server) {
  return {
    connections: inspectConnections(server.port, server.pid),
    jvm: server.pid ? await inspectJvm(server.pid) : undefined,
  };
}

/** What is left behind may take a moment to go: measure until it has, or until the limit. */
async function measureSettled(server, settled) {
  const end = Math.min(Date.now() + 90_000, deadline);
  for (;;) {
    const found = await measure(server);
    if (settled(found) || Date.now() > end) {
      return found;
    }
    await delay(3000);
  }
}

function printGrowth(before, after) {
  const grown = [...after.classes].map(([name, { bytes, instances }]) => {
    const { bytes: bytesBefore, instances: instancesBefore } = before.classes.get(name) ?? { bytes: 0, instances: 0 };
    return { name, bytes: bytes - bytesBefore, instances: instances - instancesBefore };
  }).sort((one, other) => other.bytes - one.bytes).slice(0, 12);
  grown.forEach(({ name, bytes, instances }) => console.log(`     ${bytes} bytes, ${instances} instances more of ${name}`));
}

async function run(store) {
  const seed = Number(options.seed);
  const concurrency = Number(options.concurrency);
  const count = Number(options.calls);
  console.log(`${options.url ?? store}: ${count} calls, seed ${seed}, ${concurrency} at once`);
  const server = await startServer(store);
  try {
    const calls = drawCalls(count, seed);
    const warmUp = drawCalls(Math.max(2 * concurrency, Math.min(400, Math.ceil(count / 5))), seed + 1, 'warm-up call');
    const warm = await runCalls({ url: server.url, calls: warmUp, seed: seed + 1, concurrency, deadline });
    const before = await measureSettled(server, ({ connections }) => (connections?.accepted ?? 0) === 0);

    const outcome = await runCalls({ url: server.url, calls, seed, concurrency, deadline });
    const records = outcome.records;
    const { counts, lines } = judge([...warm.records, ...records]);
    const { proxy } = outcome;
    const sum = (value) => records.reduce((total, record) => total + value(record), 0);
    printTable([
      ['calls', `${records.length} (${records.filter(({ call }) => call.n === 500).length} of 500 events, the others of 20)`],
      ['cuts', `${proxy.cuts} of ${proxy.connections} connections (${proxy.reset} reset, ${proxy.close} closed, `
          + `${proxy.stall} stalled, ${proxy.request} in the request)`],
      ['resumes', sum((record) => record.resumes)],
      ['resumes at the end, second replays', `${outcome.audits}`],
      ['TypeScript client put back on its way', outcome.rescued],
      ['attempts that failed unprimed', outcome.unprimed],
      ['warm-up calls, judged as well', warm.records.length],
      ['calls with something lost', counts.lost ?? 0],
      ['calls with something twice', counts.twice ?? 0],
      ['calls with something out of order', counts.order ?? 0],
      ['calls primed without a result', counts.result ?? 0],
      ['duration', `${(outcome.duration / 1000).toFixed(1)} s`],
    ]);
    const failures = [...warm.failures, ...outcome.failures];
    lines.slice(0, options.verbose ? undefined : 20).forEach((line) => console.log(`  ${line}`));
    failures.slice(0, 10).forEach((line) => console.log(`  ${line}`));
    report.check(records.length === count && failures.length === 0, `every call made, every session opened and ended`);
    report.check(proxy.cuts >= count / 2, 'at least one cut for every two calls');
    Object.entries(KINDS).forEach(([kind, text]) => report.check(!counts[kind], text));
    if (server.process) {
      report.check(!server.process.exited, 'the server is still there');
    }

    const heapSlack = Number(options['heap-slack']) * (1 << 20);
    const threadSlack = Number(options['thread-slack']);
    // A connection that was reset has left the system's table before the server has noticed and closed it
    const after = await measureSettled(server, ({ connections, jvm }) => (connections?.accepted ?? 0) === 0
        && (connections?.descriptors ?? 0) <= (before.connections?.descriptors ?? 0) + 16
        && (!jvm || (jvm.bytes <= before.jvm.bytes + heapSlack && jvm.threads <= before.jvm.threads + threadSlack)));
    if (after.jvm) {
      const mebibytes = (bytes) => (bytes / (1 << 20)).toFixed(1);
      const heapFits = after.jvm.bytes <= before.jvm.bytes + heapSlack;
      report.check(heapFits, `live heap ${mebibytes(before.jvm.bytes)} MiB before, ${mebibytes(after.jvm.bytes)} MiB after, `
          + `at most ${options['heap-slack']} MiB more`);
      if (!heapFits || options.verbose) {
        printGrowth(before.jvm, after.jvm);
      }
      report.check(after.jvm.threads <= before.jvm.threads + threadSlack,
          `${before.jvm.threads} threads before, ${after.jvm.threads} after, at most ${threadSlack} more`);
    }
    if (after.connections) {
      report.check(after.connections.accepted === 0, `no connection left open (${after.connections.accepted})`);
      if (after.connections.descriptors !== undefined) {
        report.check(after.connections.descriptors <= before.connections.descriptors + 16,
            `${before.connections.descriptors} file descriptors before, ${after.connections.descriptors} after, at most 16 more`);
      }
    }
    if (server.redisPort) {
      const { keys, expiring } = await inspectRedis(server.redisPort);
      report.check(keys === expiring, `${keys} keys left in Redis, ${expiring} of them expire`);
    }
    printLog(server.log);
  }
  finally {
    await server.stop?.();
  }
}

try {
  for (const store of options.url ? ['running'] : (options.store === 'both') ? ['redis', 'memory'] : [options.store]) {
    await run(store);
  }
}
catch (error) {
  report.check(false, options.verbose ? error.stack : error.message);
}
report.finish();
