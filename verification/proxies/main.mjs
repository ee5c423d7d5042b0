import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort, Processes, tail, waitForPort } from '../common/processes.mjs';
import { Report } from '../common/report.mjs';
import { CACHE, FAILOVER, FLOW, isCutInSilence, openPatiently, staysOpenInSilence } from './checks.mjs';
import { describe, PUBLIC_NAME, Session } from './client.mjs';
import { Door } from './door.mjs';
import { prepare, PROXIES } from './proxies.mjs';

const REPOSITORY = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

const USAGE = `usage: run [options]
  --quick            a silence of 9 s and not of 40 s, with time limits and heartbeats in proportion
  --proxy NAME       ${Object.keys(PROXIES).join(', ')}; may be repeated (all)
  --timeout SECONDS  for the whole run (600)
  --jar FILE         the server (samples/spring-ai-server/target/spring-ai-server.jar)
  --plain-jar FILE   that behind caches (samples/conformance-server/target/conformance-server.jar)
  --java FILE        the java command (that of JAVA_HOME, else of the PATH)
  --server-arg ARG   another argument for the servers; may be repeated
  --keep-logs        leave the directory of configurations and logs behind`;

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    proxy: { type: 'string', multiple: true, default: [] },
    timeout: { type: 'string', default: '600' },
    jar: { type: 'string', default: path.join(REPOSITORY, 'samples/spring-ai-server/target/spring-ai-server.jar') },
    'plain-jar': { type: 'string', default: path.join(REPOSITORY, 'samples/conformance-server/target/conformance-server.jar') },
    java: { type: 'string', default: process.env.JAVA_HOME ? path.join(process.env.JAVA_HOME, 'bin/java') : 'java' },
    'server-arg': { type: 'string', multiple: true, default: [] },
    'keep-logs': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (options.help) {
  console.log(USAGE);
  process.exit(0);
}
if (!options.proxy.every((name) => Object.hasOwn(PROXIES, name))) {
  console.error(USAGE);
  process.exit(2);
}

// The proxy's time limit lies between the interval of heartbeats and the silence, or it would prove nothing.
const TIMES = options.quick
  ? { heartbeat: 2, seconds: 6, silence: 9_000, interval: 300, limit: 30_000 }
  : { heartbeat: 15, seconds: 30, silence: 40_000, interval: 1000, limit: 60_000 };

/** As the configurations have it. */
const RECOMMENDED_SECONDS = 60;

/** Below the interval of heartbeats. */
const IMPATIENT_SECONDS = 1;

const processes = new Processes();
const report = new Report();

process.on('exit', () => processes.killAll(options['keep-logs']));
['SIGINT', 'SIGTERM', 'SIGHUP'].forEach((signal) => process.on(signal, () => process.exit(130)));
// Every wait below is bounded; this is for what nobody thought of.
setTimeout(() => {
  report.check(false, `ends within ${options.timeout} s`);
  report.finish();
}, Number(options.timeout) * 1000);

/**
 * Two servers as a proxy has them behind it, and a plain one for what caches do by themselves:
 * Spring Security has a Cache-Control of its own for every response, which would hide ours.
 */
async function startServers() {
  const redisPort = await freePort();
  const redis = processes.start('redis', 'redis-server',
      ['--port', String(redisPort), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']);
  await waitForPort(redisPort, redis);
  const [one, two, plain] = await Promise.all([['server1', options.jar], ['server2', options.jar], ['plain', options['plain-jar']]]
    .map(async ([name, jar]) => {
      if (!existsSync(jar)) {
        throw new Error(`${jar} doesn't exist: build it with mvn package`);
      }
      const port = await freePort();
      const started = processes.start(name, options.java, [
        // Three JVMs share few cores: what makes them start quickly counts for more than their peak
        '-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Dspring.aot.enabled=true', '-jar', path.resolve(jar),
        `--server.port=${port}`, '--server.address=127.0.0.1', `--spring.data.redis.url=redis://127.0.0.1:${redisPort}`,
        `--mcp.persist.key-prefix=${(name === 'plain') ? 'plain' : 'servers'}`,
        `--mcp.persist.allowed-hosts=${PUBLIC_NAME}`, `--mcp.persist.heartbeat-interval=${TIMES.heartbeat}s`,
        '--mcp.persist.timeout=2s', ...options['server-arg'],
      ]);
      await waitForPort(port, started, 180_000);
      // The first requests of a JVM take seconds where cores are few
      await openPatiently(port, TIMES.limit);
      return { name, port, process: started };
    }));
  return { pair: [one, two], plain: [plain, plain] };
}

/** Start a proxy with a configuration of its own, and doors that only it knows. */
async function start(name, title, { servers, ...how }) {
  const doors = await Promise.all(servers.map(({ port }) => new Door(port).open()));
  const port = await freePort();
  const started = `${name}${title.replace(/\W+/g, '-')}`;
  const { command, args, options: how2 } = prepare(PROXIES[name],
      { directory: processes.directory, name: started, port, doors, seconds: RECOMMENDED_SECONDS, ...how });
  const proxy = processes.start(started, command, args, how2);
  await waitForPort(port, proxy, 60_000);
  await awaitServers(port);
  return { port, doors, proxy, times: TIMES };
}

/** Some ask first which servers are there. A POST is kept by no cache, and this one does nothing. */
async function awaitServers(port) {
  let answer;
  for (const end = Date.now() + 30_000; Date.now() < end; await delay(100)) {
    answer = await new Session(port).post({});
    if (answer.status < 500) {
      return;
    }
  }
  throw new Error(`the proxy finds no server: ${describe(answer)}`);
}

/** Run a check. What it leaves open when its time is over ends with the proxy. */
async function run(check, context, limit = 2 * (TIMES.silence + TIMES.limit)) {
  const over = new AbortController();
  try {
    const late = delay(limit, undefined, { signal: over.signal }).then(() => {
      throw new Error(`not over after ${limit / 1000} s`);
    });
    return { passed: true, text: await Promise.race([check(context), late]) };
  }
  catch (error) {
    return { passed: false, text: error.message };
  }
  finally {
    over.abort();
  }
}

/** All checks of one configuration, at the same time; the last ones are for the end. */
async function runAll(title, context, checks, last = {}) {
  const results = await Promise.all(Object.entries(checks).map(async ([name, check]) => [name, await run(check, context)]));
  for (const [name, check] of Object.entries(last)) {
    results.push([name, await run(check, context)]);
  }
  const lines = results.map(([name, { passed, text }]) => [passed, `${title}: ${name}${text ? `: ${text}` : ''}`]);
  if (context.proxy.exited) {
    lines.push([false, `${title}: the proxy has ended\n${tail(context.proxy.log)}`]);
  }
  return lines;
}

/** Checks one configuration after the other, so that caches don't know of each other. */
async function tryProxy(name, { pair, plain }) {
  const proxy = PROXIES[name];
  const lines = [];
  const end = async ({ proxy: started, doors }) => {
    await processes.stop(started, 5000);
    await Promise.all(doors.map((door) => door.shut().catch(() => undefined)));
  };
  const attempt = async (title, how, checks) => {
    try {
      const context = await start(name, title, { servers: pair, ...how });
      lines.push(...await checks(context));
      await end(context);
    }
    catch (error) {
      lines.push([false, `${name}${title}: ${error.message}`]);
    }
  };

  const parts = [attempt('', {}, async (context) => {
    // What is cached must not hide from the checks behind it, so these come one by one
    const found = await runOneByOne(name, context, CACHE);
    return [...found, ...await runAll(name, context, FLOW, FAILOVER)];
  })];
  if (proxy.caching) {
    parts.push(attempt(' with a cache', { servers: plain, edits: [...proxy.caching, ...proxy.plain ?? []] },
        (context) => runOneByOne(`${name} with a cache`, context, CACHE)));
  }
  if (proxy.ignorant) {
    parts.push(attempt(' with a cache that ignores Cache-Control', { servers: plain, edits: [...proxy.ignorant, ...proxy.plain ?? []] }, async (context) => {
      // A stream that was given to somebody else has no end
      const limit = 20_000 + 10 * TIMES.interval;
      const found = await Promise.all(Object.values(CACHE).map((check) => run(check, context, limit)));
      const noticed = found.filter(({ passed }) => !passed).length;
      return [[noticed > 0, `${name} with a cache that ignores Cache-Control: ${noticed} of ${found.length} checks notice`]];
    }));
  }
  parts.push(attempt(' in silence', { seconds: TIMES.seconds }, (context) => runAll(name, context, {
    [`heartbeats every ${TIMES.heartbeat} s bridge ${TIMES.silence / 1000} s of silence${proxy.seconds
      ? `, with a time limit of ${TIMES.seconds} s` : ', without a time limit to set'}`]: staysOpenInSilence,
  })));
  if (proxy.seconds) {
    parts.push(attempt(' that is impatient', { seconds: IMPATIENT_SECONDS }, (context) => runAll(name, context, {
      [`a time limit of ${IMPATIENT_SECONDS} s cuts a silent call, which is resumed`]: isCutInSilence,
    })));
  }
  for (const [title, [edits, check]] of Object.entries(proxy.broken)) {
    parts.push(attempt(` ${title}`, { edits }, async (context) => {
      const { passed, text } = await run(FLOW[check], context);
      return [[!passed, `${name} ${title}: it is noticed${text ? `: ${text}` : ''}`]];
    }));
  }
  await Promise.all(parts);
  return lines;
}

async function runOneByOne(title, context, checks) {
  const lines = [];
  for (const [name, check] of Object.entries(checks)) {
    lines.push(...await runAll(title, context, { [name]: check }));
  }
  return lines;
}

async function version([command, ...args]) {
  const { stdout, stderr } = await promisify(execFile)(command, args);
  return (stdout + stderr).split('\n')[0];
}

try {
  const servers = await startServers();
  const names = (options.proxy.length > 0) ? options.proxy : Object.keys(PROXIES);
  // Two at a time: mostly they wait
  const waiting = [...names];
  await Promise.all([1, 2].map(async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const found = await tryProxy(name, servers);
      console.log(`\n${name}: ${await version(PROXIES[name].version)}`);
      found.forEach(([passed, text]) => report.check(passed, text));
    }
  }));
  const all = [...servers.pair, servers.plain[0]];
  report.check(all.every((server) => !server.process.exited), 'all servers are there in the end');
}
catch (error) {
  report.check(false, error.message);
}
if (options['keep-logs']) {
  console.log(`     configurations and logs are in ${processes.directory}`);
}
report.finish();
