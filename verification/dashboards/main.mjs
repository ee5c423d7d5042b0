import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort, Processes, waitForPort } from '../common/processes.mjs';
import { Report } from '../common/report.mjs';
import { draw } from './picture.mjs';
import { Prometheus } from './prometheus.mjs';
import { INSTANCES, Traffic } from './traffic.mjs';

const HERE = path.dirname(fileURLToPath(import.meta.url));

const REPOSITORY = path.resolve(HERE, '../..');

const DASHBOARD = path.join(REPOSITORY, 'docs/dashboards/mcp-persist.json');

const ALERTS = path.join(REPOSITORY, 'docs/dashboards/alerts.yaml');

const USAGE = `usage: run [options]
  --quick            a minute of traffic and not three
  --picture FILE     draw the dashboard with what was measured, as PNG
  --timeout SECONDS  for the whole run (480)
  --jar FILE         the server (samples/spring-ai-server/target/spring-ai-server.jar)
  --java FILE        the java command (that of JAVA_HOME, else of the PATH)
  --chromium FILE    the browser that makes the picture (chromium)
  --keep-logs        leave the directory of configurations and logs behind`;

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    picture: { type: 'string' },
    timeout: { type: 'string', default: '480' },
    jar: { type: 'string', default: path.join(REPOSITORY, 'samples/spring-ai-server/target/spring-ai-server.jar') },
    java: { type: 'string', default: process.env.JAVA_HOME ? path.join(process.env.JAVA_HOME, 'bin/java') : 'java' },
    chromium: { type: 'string', default: 'chromium' },
    'keep-logs': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (options.help) {
  console.log(USAGE);
  process.exit(0);
}

/** Of traffic on each side of what is done to Redis and to an instance. */
const PHASE = options.quick ? 12_000 : 50_000;

/** As Grafana does: four times the interval of scrapes. */
const RATE_INTERVAL = options.quick ? '8s' : '20s';

const SCRAPE_INTERVAL = options.quick ? '2s' : '5s';

const processes = new Processes();
const report = new Report();
const run = promisify(execFile);

process.on('exit', () => processes.killAll(options['keep-logs']));
['SIGINT', 'SIGTERM', 'SIGHUP'].forEach((signal) => process.on(signal, () => process.exit(130)));
// Every wait below is bounded; this is for what nobody thought of.
setTimeout(() => {
  report.check(false, `ends within ${options.timeout} s`);
  report.finish();
}, Number(options.timeout) * 1000);

async function promtool(title, ...args) {
  try {
    const { stdout } = await run('promtool', args, { timeout: 60_000 });
    report.check(true, `${title}: ${stdout.trim().split('\n').at(-1).trim()}`);
  }
  catch (error) {
    report.check(false, `${title}: ${error.stdout ?? ''}${error.stderr ?? error.message}`);
  }
}

async function checkRules() {
  await promtool('promtool check rules', 'check', 'rules', ALERTS);
  const tests = path.join(HERE, 'alerts-test.yaml');
  await promtool('promtool test rules', 'test', 'rules', tests);
  const tested = readFileSync(tests, 'utf8');
  const names = [...readFileSync(ALERTS, 'utf8').matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
  const untested = names.filter((name) => !tested.includes(name));
  report.check(names.length > 0 && untested.length === 0, `each of ${names.length} alerts is tested${untested.map((name) => `, but not ${name}`).join('')}`);
  return names;
}

async function startRedis() {
  const port = await freePort();
  // The least that Redis allows: a larger message is one that it never takes
  const redis = processes.start('redis', 'redis-server',
      ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--proto-max-bulk-len', '1mb']);
  await waitForPort(port, redis);
  return { port, process: redis };
}

function startServer(name, port, redisPort) {
  return processes.start(name, options.java, [
    '-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Dspring.aot.enabled=true', '-jar', path.resolve(options.jar),
    `--server.port=${port}`, '--server.address=127.0.0.1', `--spring.data.redis.url=redis://127.0.0.1:${redisPort}`,
    '--mcp.persist.node-timeout=3s', '--mcp.persist.timeout=2s', '--mcp.persist.max-events-per-stream=100', '--mcp.persist.allowed-hosts=mcp.example',
    '--spring.lifecycle.timeout-per-shutdown-phase=2s',
  ]);
}

/** Each query, and all that Prometheus has for it since the traffic began. */
async function query(prometheus, panel, target, from) {
  const expr = target.expr.replaceAll('$__rate_interval', RATE_INTERVAL).replaceAll('"$job"', '"mcp"').replaceAll('"$instance"', '".*"');
  const series = await prometheus.range(expr, from, Date.now() / 1000, options.quick ? 1 : 2);
  return series.map(({ metric, values }) => ({
    name: target.legendFormat.replace(/\{\{(\w+)}}/g, (_, label) => metric[label] ?? ''),
    values: values.map(([time, value]) => [time, Number(value)]),
  })).filter(({ values }) => values.some(([, value]) => Number.isFinite(value)));
}

async function queryPanels(prometheus, from) {
  const { panels } = JSON.parse(readFileSync(DASHBOARD, 'utf8'));
  for (const panel of panels.filter(({ type }) => type !== 'row')) {
    panel.series = [];
    for (const target of panel.targets) {
      try {
        const series = await query(prometheus, panel, target, from);
        report.check(series.length > 0, `panel "${panel.title}" ${target.refId}: ${series.length} series`);
        const unnamed = series.filter(({ name }) => name.trim() === '' || name.includes('{{'));
        const names = new Set(series.map(({ name }) => name));
        report.check(unnamed.length === 0 && names.size === series.length, `panel "${panel.title}" ${target.refId}: each has a name of its own`);
        panel.series.push(...series);
      }
      catch (error) {
        report.check(false, `panel "${panel.title}" ${target.refId}: ${error.message}`);
      }
    }
  }
  return panels;
}

async function takePicture(panels, about) {
  const page = path.join(processes.directory, 'dashboard.html');
  const { html, width, height } = draw(panels, about);
  writeFileSync(page, html);
  await run(options.chromium, ['--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--no-first-run',
    `--user-data-dir=${path.join(processes.directory, 'profile')}`, `--window-size=${width},${height}`,
    `--screenshot=${path.resolve(options.picture)}`, `file://${page}`], { timeout: 60_000 });
  report.check(existsSync(options.picture), `the picture is in ${options.picture}`);
}

try {
  if (!existsSync(options.jar)) {
    throw new Error(`${options.jar} doesn't exist: build it with mvn package, or name it with --jar`);
  }
  const alerts = await checkRules();
  const redis = await startRedis();
  const servers = await Promise.all(INSTANCES.map(async (name) => {
    const port = await freePort();
    const server = { name, port, start: () => startServer(name, port, redis.port) };
    server.process = server.start();
    await waitForPort(port, server.process, 180_000);
    return server;
  }));
  const prometheus = await Prometheus.start(processes, { servers, rules: ALERTS, interval: SCRAPE_INTERVAL });
  await prometheus.waitForTargets();
  const from = Date.now() / 1000;

  const traffic = new Traffic(servers, (text) => report.check(false, text));
  traffic.begin();
  await delay(PHASE);

  // An outage: nothing answers, and connections stay open
  redis.process.child.kill('SIGSTOP');
  const pending = await prometheus.waitForAlert('McpPersistStoreUnavailable', 90_000);
  report.check(pending, 'an outage of Redis is noticed: McpPersistStoreUnavailable is pending');
  await delay(PHASE / 6);
  redis.process.child.kill('SIGCONT');
  await delay(PHASE / 2);

  // An instance dies with a call that its client waits for
  const orphan = await traffic.abandon();
  await processes.kill(servers[1].process);
  report.check(await traffic.comeBack(orphan), 'the client of an instance that was killed gets an error from the other one');
  servers[1].process = servers[1].start();
  await waitForPort(servers[1].port, servers[1].process, 180_000);
  await traffic.lose();
  await delay(PHASE);
  await traffic.end();
  report.check(traffic.calls > 10, `${traffic.calls} calls, ${traffic.resumes} resumes`);

  for (const alert of ['McpPersistEventsDropped', 'McpPersistGaps', 'McpPersistRequestsOrphaned']) {
    report.check(await prometheus.waitForAlert(alert, 60_000, 'firing'), `${alert} fires`);
  }
  const rules = await prometheus.rules();
  report.check(rules.length === alerts.length && rules.every(({ health }) => health === 'ok'),
      `Prometheus evaluates ${rules.length} rules${rules.filter(({ health }) => health !== 'ok').map(({ name, lastError }) => `, ${name}: ${lastError}`).join('')}`);
  const panels = await queryPanels(prometheus, from);
  if (options.picture) {
    const { stdout } = await run('prometheus', ['--version']);
    await takePicture(panels, `Drawn by verification/dashboards, from what ${stdout.split(' (')[0].replace(', version', '')} scraped`);
  }
  await processes.stop(prometheus.process);
}
catch (error) {
  report.check(false, error.stack);
}
if (options['keep-logs']) {
  console.log(`     configurations and logs are in ${processes.directory}`);
}
report.finish();
