import { execFile } from 'node:child_process';
import { cpSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { freePort, Processes, tail, waitForPort } from '../common/processes.mjs';
import { Report } from '../common/report.mjs';
import { readEvents, Session } from '../cluster/session.mjs';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

const PROJECT = path.join(ROOT, 'samples/smallest-server');

const PUBLISHED = 'mcp-persist-bom,mcp-persist-spring-boot-starter';

/** The MCP SDK's version where none is named: what the BOM of this project says. */
const SDK = '2.1.0';

/**
 * Which versions are served together. Spring AI 2.0.1 has no WebFlux starter in the Maven
 * repository that this was written with, and mcp-core 2.2.0 goes with mcp-json-jackson3 2.1.0.
 */
const MATRIX = [
  { boot: '4.0.7', springAi: '2.0.0', stack: 'webmvc', quick: true },
  { boot: '4.1.1', springAi: '2.0.1', stack: 'webmvc', mcpCore: '2.2.0', quick: true },
  { boot: '4.1.1', springAi: '2.0.0', stack: 'webflux', quick: true },
  { boot: '4.1.1', springAi: '2.0.1', stack: 'webmvc', quick: true },
  { boot: '4.0.7', springAi: '2.0.1', stack: 'webmvc' },
  { boot: '4.0.7', springAi: '2.0.0', stack: 'webflux' },
  { boot: '4.2.0-M1', springAi: '2.0.1', stack: 'webmvc' },
];

const USAGE = `usage: run [options]
  --quick           only one server of each kind, not all combinations
  --installed       take the artifacts that are installed, and install none
  --repository DIR  the local Maven repository (Maven's own default)
  --java FILE       the java command (that of JAVA_HOME, else of the PATH)
  --timeout SECONDS for the whole run (900)
  --keep            leave the projects and logs behind`;

const run = promisify(execFile);

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    installed: { type: 'boolean', default: false },
    repository: { type: 'string' },
    java: { type: 'string', default: process.env.JAVA_HOME ? path.join(process.env.JAVA_HOME, 'bin/java') : 'java' },
    timeout: { type: 'string', default: '900' },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

if (options.help) {
  console.log(USAGE);
  process.exit(0);
}

const processes = new Processes();
process.on('exit', () => processes.killAll(options.keep));
process.on('SIGINT', () => process.exit(130));
process.on('SIGTERM', () => process.exit(143));
setTimeout(() => {
  console.error(`The run takes longer than ${options.timeout} seconds`);
  process.exit(1);
}, Number(options.timeout) * 1000).unref();

const report = new Report();

async function maven(directory, ...args) {
  const repository = options.repository ? [`-Dmaven.repo.local=${path.resolve(options.repository)}`] : [];
  try {
    await run('mvn', ['-B', '-q', ...repository, ...args], { cwd: directory, maxBuffer: 64 << 20 });
  }
  catch (failure) {
    throw new Error(`mvn ${args.join(' ')} failed:\n${failure.stdout.split('\n').slice(-30).join('\n')}`);
  }
}

/** A copy of the smallest server with other versions, outside of this project. */
function project({ boot, springAi, stack, mcpCore }, name) {
  const directory = path.join(processes.directory, name);
  cpSync(PROJECT, directory, { recursive: true, filter: (file) => path.basename(file) !== 'target' });
  const file = path.join(directory, 'pom.xml');
  let pom = readFileSync(file, 'utf8');
  const replace = (pattern, text) => {
    if (!pattern.test(pom)) {
      throw new Error(`${PROJECT}/pom.xml has nothing like ${pattern}`);
    }
    pom = pom.replace(pattern, text);
  };
  replace(/(spring-boot-starter-parent<\/artifactId>\s*<version>)[^<]+/, `$1${boot}`);
  replace(/(<spring-ai.version>)[^<]+/, `$1${springAi}`);
  replace(/spring-ai-starter-mcp-server-webmvc/, `spring-ai-starter-mcp-server-${stack}`);
  if (mcpCore) {
    replace(/(<dependencyManagement>\s*<dependencies>)/, `$1<dependency><groupId>io.modelcontextprotocol.sdk</groupId>`
      + `<artifactId>mcp-core</artifactId><version>${mcpCore}</version></dependency>`);
  }
  writeFileSync(file, pom);
  return directory;
}

async function start(name, jar, redisPort) {
  const port = await freePort();
  const started = processes.start(name, options.java, ['-XX:TieredStopAtLevel=1', '-jar', jar, `--server.port=${port}`,
    `--spring.data.redis.url=redis://127.0.0.1:${redisPort}`, `--mcp.persist.key-prefix=${name.replace(/-[ab]$/, '')}`]);
  await waitForPort(port, started, 90_000);
  return { started, url: `http://127.0.0.1:${port}/mcp` };
}

/** The versions that a jar was built with, as its own libraries say. */
async function libraries(directory) {
  const jar = readdirSync(path.join(directory, 'target')).find((file) => file.endsWith('.jar'));
  const { stdout } = await run('jar', ['-tf', path.join(directory, 'target', jar)], { maxBuffer: 16 << 20 });
  return (artifact) => new RegExp(`/${artifact}-(\\d[^/]*)\\.jar$`, 'm').exec(stdout)?.[1];
}

/** Count to ten, be cut in the middle, and come back to the other instance. */
async function cutAndResumed(first, second) {
  const session = await new Session().open(first);
  const numbers = [];
  let lastEventId;
  let result;
  const cut = new AbortController();
  const onMessage = (message) => {
    if (message.method === 'notifications/progress') {
      numbers.push(message.params.progress);
      if (numbers.length === 3) {
        cut.abort();
      }
    }
    else {
      result = message.result?.content?.[0]?.text ?? JSON.stringify(message);
    }
  };
  const onId = (id) => {
    if (!cut.signal.aborted) {
      lastEventId = id;
    }
  };
  await session.post(first, {
    id: 1, method: 'tools/call',
    params: { name: 'count', arguments: { n: 10, intervalMs: 200 }, _meta: { progressToken: 'p' } },
  }, { signal: cut.signal, idleLimit: 20_000, onEvent: readEvents(onId, (message) => cut.signal.aborted || onMessage(message)) });
  const before = numbers.length;
  await session.get(second, { lastEventId, idleLimit: 20_000, onEvent: readEvents(undefined, onMessage) });
  const gone = await session.delete(second);
  const after = await session.post(first, { id: 2, method: 'tools/list' });
  return { numbers, before, result, deleted: gone.status, after: after.status };
}

async function check(versions, number, redisPort) {
  const { boot, springAi, stack, mcpCore = SDK } = versions;
  const title = `Boot ${boot}, Spring AI ${springAi}, ${stack}, mcp-core ${mcpCore}`;
  const name = `server${number}`;
  const instances = [];
  try {
    const directory = project(versions, name);
    await maven(directory, 'package');
    const version = await libraries(directory);
    const built = [version('spring-boot'), version(`spring-ai-starter-mcp-server-${stack}`), version('mcp-core')];
    const jar = path.join(directory, 'target/smallest-server.jar');
    instances.push(await start(`${name}-a`, jar, redisPort), await start(`${name}-b`, jar, redisPort));
    const outcome = await cutAndResumed(instances[0].url, instances[1].url);
    const passed = String(built) === String([boot, springAi, mcpCore]) && outcome.before === 3
      && String(outcome.numbers) === '1,2,3,4,5,6,7,8,9,10' && outcome.result?.includes('counted 10')
      && outcome.deleted === 200 && outcome.after === 404;
    report.check(passed, passed ? title : `${title}: built with ${built}, ${JSON.stringify(outcome)}`);
  }
  catch (failure) {
    report.check(false, `${title}: ${failure.message}`);
    instances.forEach(({ started }) => console.log(tail(started.log)));
  }
  for (const { started } of instances) {
    await processes.kill(started);
  }
}

if (!options.installed) {
  await maven(ROOT, '-DskipTests', '-pl', PUBLISHED, '-am', 'install');
}
const redisPort = await freePort();
await waitForPort(redisPort, processes.start('redis', 'redis-server', ['--port', String(redisPort), '--bind', '127.0.0.1',
  '--save', '', '--appendonly', 'no']));
for (const [number, versions] of MATRIX.filter(({ quick }) => quick || !options.quick).entries()) {
  await check(versions, number, redisPort);
}
report.finish();
