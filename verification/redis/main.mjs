import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Report } from '../common/report.mjs';
import { describeRun } from './page.mjs';
import { count, QUICK, ROWS } from './rows.mjs';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const ROOT = path.resolve(HERE, '../..');
const REPORTS = path.join(ROOT, 'mcp-persist-redis/target/surefire-reports');

/** Of the servers that can be fetched, what the short form takes. */
const QUICK_RELEASES = ['forky:valkey-server'];

const USAGE = `usage: run [options]
  --quick            the contracts, rights and a Cluster only, on the oldest server and one of the newest
  --server COMMAND   a redis-server or valkey-server, or 'embedded'; may be repeated (embedded, the one on the
                     PATH, and those of Debian's releases)
  --docs FILE        put the results into the table of that page, after each server
  --timeout SECONDS  for one server (1800)
  --directory DIR    where fetched servers are kept (one of its own, which goes)`;

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    server: { type: 'string', multiple: true, default: [] },
    docs: { type: 'string' },
    timeout: { type: 'string', default: '1800' },
    directory: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (options.help) {
  console.log(USAGE);
  process.exit(0);
}
if (options.quick && options.docs !== undefined) {
  console.error('--docs needs all rows, so not --quick');
  process.exit(1);
}

const directory = options.directory ?? mkdtempSync(path.join(os.tmpdir(), 'verification-'));
if (options.directory === undefined) {
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
}
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => process.exit(1));
}

const rows = ROWS.filter(({ name }) => !options.quick || QUICK.includes(name));
const report = new Report();
for (const server of servers()) {
  const found = await test(server);
  for (const { name } of rows) {
    const { tests, failed, skipped } = found.get(name);
    report.check(tests > skipped && failed.length === 0, `${server.title}: ${name}, ${tests - skipped} tests`
        + `${(skipped > 0) ? `, ${skipped} skipped` : ''}${(failed.length > 0) ? `, failed: ${failed.slice(0, 5).join(', ')}` : ''}`);
  }
  if (options.docs !== undefined) {
    const former = existsSync(options.docs) ? readFileSync(options.docs, 'utf8') : '';
    writeFileSync(options.docs, describeRun(rows, server.title, found, former));
  }
}
report.finish();

/** The servers to test against: `{kind, version, command, title}`. */
function servers() {
  if (options.server.length > 0) {
    return options.server.map(ofCommand);
  }
  const fetched = execFileSync(path.join(HERE, 'servers'), [directory, ...(options.quick ? QUICK_RELEASES : [])],
      { encoding: 'utf8', timeout: 1_200_000, stdio: ['ignore', 'pipe', 'inherit'] })
    .trim().split('\n').filter((line) => line !== '').map((line) => {
      const [kind, version, command] = line.split(' ');
      return titled(kind, version, command);
    });
  const installed = options.quick ? [] : [ofCommand('redis-server')];
  return [ofCommand('embedded'), ...installed, ...fetched].sort(byKindAndVersion);
}

function byKindAndVersion(a, b) {
  return a.kind.localeCompare(b.kind) || a.version.localeCompare(b.version, 'en', { numeric: true });
}

function ofCommand(command) {
  if (command === 'embedded') {
    // That of the embedded-redis dependency
    return titled('redis', '6.2', command);
  }
  const file = command.includes('/') ? path.resolve(command) : execFileSync('sh', ['-c', `command -v ${command}`], { encoding: 'utf8' }).trim();
  const text = execFileSync(file, ['--version'], { encoding: 'utf8', timeout: 10_000 });
  const [, version] = /v=([0-9.]+)/.exec(text);
  return titled(/valkey/i.test(text) ? 'valkey' : 'redis', version, file);
}

function titled(kind, version, command) {
  return { kind, version, command, title: `${kind === 'valkey' ? 'Valkey' : 'Redis'} ${version}` };
}

/** Runs the tests of all rows in one Maven build. @returns what came of each row, by its name */
async function test({ title, command }) {
  if (existsSync(REPORTS)) {
    readdirSync(REPORTS).filter((file) => file.startsWith('TEST-')).forEach((file) => rmSync(path.join(REPORTS, file)));
  }
  const classes = rows.flatMap(({ classes: all }) => all);
  const started = Date.now();
  const args = ['-B', '-q', '-pl', 'mcp-persist-redis', '-am', 'verify', `-Dtest=${classes.join(',')}`,
    '-Dsurefire.failIfNoSpecifiedTests=false', '-Dmaven.test.failure.ignore=true'];
  const maven = spawn('mvn', args, {
    cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, MCP_PERSIST_TEST_REDIS_SERVER: command },
  });
  const stop = () => maven.kill('SIGKILL');
  process.on('exit', stop);
  let log = '';
  maven.stdout.on('data', (chunk) => {
    log += chunk;
  });
  maven.stderr.on('data', (chunk) => {
    log += chunk;
  });
  const timer = setTimeout(stop, Number(options.timeout) * 1000);
  const code = await new Promise((resolve) => maven.on('close', resolve));
  clearTimeout(timer);
  process.off('exit', stop);
  if (code !== 0) {
    console.log(log.slice(-3000));
  }
  report.check(code === 0, `${title}: the tests ran, in ${Math.round((Date.now() - started) / 1000)} s`);
  const reports = existsSync(REPORTS)
    ? readdirSync(REPORTS).filter((file) => file.startsWith('TEST-')).map((file) => readFileSync(path.join(REPORTS, file), 'utf8')) : [];
  return new Map(rows.map((row) => [row.name, count(reports, row.classes)]));
}
