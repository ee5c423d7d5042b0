import { existsSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { freePort, Processes, waitForPort } from '../common/processes.mjs';
import { Report } from '../common/report.mjs';
import { Door } from '../proxies/door.mjs';

const HERE = path.dirname(fileURLToPath(import.meta.url));

const REPOSITORY = path.resolve(HERE, '../..');

const USAGE = `usage: run [options]
  --timeout SECONDS  for the whole run (300)
  --jar FILE         the server (samples/spring-ai-server/target/spring-ai-server.jar)
  --java FILE        the java command (that of JAVA_HOME, else of the PATH)
  --chromium FILE    the browser (/usr/bin/chromium)
  --server-arg ARG   another argument for the server; may be repeated`;

const { values: options } = parseArgs({
  options: {
    timeout: { type: 'string', default: '300' },
    jar: { type: 'string', default: path.join(REPOSITORY, 'samples/spring-ai-server/target/spring-ai-server.jar') },
    java: { type: 'string', default: process.env.JAVA_HOME ? path.join(process.env.JAVA_HOME, 'bin/java') : 'java' },
    chromium: { type: 'string', default: '/usr/bin/chromium' },
    'server-arg': { type: 'string', multiple: true, default: [] },
    help: { type: 'boolean', default: false },
  },
});

if (options.help) {
  console.log(USAGE);
  process.exit(0);
}

// None of these is a local name, whose origins a server on a loopback address accepts by itself
const SERVER = 'mcp.example';
const PAGE = 'app.example';
const FOREIGN_PAGE = 'other.example';

/** The tool counts so far, and is cut after the third number. */
const NUMBERS = 8;
const CUT_AFTER = 3;
const INTERVAL = 300;

const processes = new Processes();
const report = new Report();

process.on('exit', () => processes.killAll());
['SIGINT', 'SIGTERM', 'SIGHUP'].forEach((signal) => process.on(signal, () => process.exit(130)));
// Every wait below is bounded; this is for what nobody thought of.
setTimeout(() => {
  report.check(false, `ends within ${options.timeout} s`);
  report.finish();
}, Number(options.timeout) * 1000);

async function servePages() {
  const { outputFiles } = await build({
    entryPoints: [path.join(HERE, 'page.mjs')], bundle: true, format: 'esm', platform: 'browser', write: false, logLevel: 'error',
  });
  const files = { '/': ['text/html', '<!doctype html><script type="module" src="/page.js"></script>'],
    '/page.js': ['text/javascript', outputFiles[0].contents] };
  const server = http.createServer(({ url }, response) => {
    const [type, content] = files[url] ?? [];
    response.writeHead(type ? 200 : 404, type && { 'content-type': type }).end(content);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server.address().port;
}

async function startServer(pagePort) {
  if (!existsSync(options.jar)) {
    throw new Error(`${options.jar} doesn't exist: build it with mvn package, or name it with --jar`);
  }
  const port = await freePort();
  const started = processes.start('server', options.java, [
    '-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-jar', path.resolve(options.jar),
    `--server.port=${port}`, '--server.address=127.0.0.1', '--mcp.persist.store=memory',
    `--mcp.persist.allowed-hosts=${SERVER}`, `--mcp.persist.allowed-origins=http://${PAGE}:${pagePort}`,
    '--mcp.persist.retry-interval=200ms', ...options['server-arg'],
  ]);
  await waitForPort(port, started, 180_000);
  return port;
}

function launch() {
  return chromium.launchPersistentContext(path.join(processes.directory, 'profile'), {
    executablePath: options.chromium,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync',
      `--host-resolver-rules=${[SERVER, PAGE, FOREIGN_PAGE].map((name) => `MAP ${name} 127.0.0.1`).join(', ')}`],
  });
}

/** Let a page call the tool through a door, and tell what became of it. */
async function call(browser, { host, pagePort, door, onProgress = () => undefined }) {
  const page = await browser.newPage();
  page.setDefaultTimeout(30_000);
  try {
    await page.exposeFunction('tellProgress', onProgress);
    await page.goto(`http://${host}:${pagePort}/`);
    await page.waitForFunction(() => globalThis.callSlowTool !== undefined);
    return await page.evaluate(([url, n, intervalMs]) => globalThis.callSlowTool(url, n, intervalMs),
        [`http://${SERVER}:${door.port}/mcp`, NUMBERS, INTERVAL]);
  }
  finally {
    await page.close();
  }
}

function isWhole({ numbers, text }) {
  return text === `counted ${NUMBERS}` && numbers.length === NUMBERS && numbers.every((number, index) => number === index + 1);
}

try {
  const pagePort = await servePages();
  const [port, browser] = await Promise.all([startServer(pagePort), launch()]);
  console.log(`Chromium ${browser.browser()?.version() ?? ''}, pages of http://${PAGE}:${pagePort}`);

  const door = await new Door(port).open();
  const calm = await call(browser, { host: PAGE, pagePort, door });
  report.check(isWhole(calm), `a page of another origin gets progress and result: ${JSON.stringify(calm)}`);
  const preflights = door.requests.filter(({ method }) => method === 'OPTIONS');
  const asked = new Set(preflights.flatMap(({ headers }) => headers['access-control-request-headers'].split(',')));
  report.check(asked.has('mcp-session-id') && asked.has('mcp-protocol-version'),
      `the browser asked first: ${preflights.length} preflights, for ${[...asked].sort().join(', ')}`);
  report.check(door.requests.some(({ method }) => method === 'DELETE'), 'it could end its session');

  door.requests = [];
  let cut = false;
  const resumed = await call(browser, {
    host: PAGE, pagePort, door,
    onProgress: async (number) => {
      if (number === CUT_AFTER && !cut) {
        cut = true;
        await door.shut();
        await door.open(door.port);
      }
    },
  });
  const resumes = door.requests.filter(({ method, headers }) => method === 'GET' && headers['last-event-id'] !== undefined);
  report.check(cut && resumes.length > 0, `its connection was cut, and it came back with Last-Event-ID (${resumes.length})`);
  report.check(isWhole(resumed), `it gets the rest, nothing lost and nothing twice: ${JSON.stringify(resumed)}`);

  // The same answers, but for the header that lets the page read the session's ID
  const hiding = await new Door(port, (text) => text.replace(/Access-Control-Expose-Headers/gi, 'X-Control-Expose-Headers-Hidden')).open();
  const blind = await call(browser, { host: PAGE, pagePort, door: hiding });
  report.check(blind.text === undefined && /Mcp-Session-Id/i.test(blind.error) && /400|required|missing/i.test(blind.error),
      `without exposed headers it fails for want of its session's ID: ${blind.error}`);

  const foreign = await call(browser, { host: FOREIGN_PAGE, pagePort, door });
  report.check(foreign.text === undefined && /fetch/i.test(foreign.error), `a page of an origin that isn't allowed fails: ${foreign.error}`);

  await browser.close();
}
catch (error) {
  report.check(false, error.stack);
}
report.finish();
