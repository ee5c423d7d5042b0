import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort, waitForPort } from '../common/processes.mjs';

/** Longer than any tool that the bench calls, so that a server which is asked to end can finish them. */
const GRACE_SECONDS = 20;

/** One Redis, servers on it, and HAProxy in front of them, all on the loopback address. */
export class Cluster {

  /** `{name, port, url, process}` of each server. */
  nodes = [];

  #options;
  #socket;

  /** @param options `{processes, nodes, jar, java, heap, serverArgs}` */
  constructor(options) {
    this.#options = options;
  }

  async start() {
    const { nodes, jar } = this.#options;
    if (!existsSync(jar)) {
      throw new Error(`${jar} doesn't exist: build it with mvn package, or name it with --jar`);
    }
    this.redisPort = await freePort();
    await this.startRedis();
    for (let number = 1; number <= nodes; number++) {
      const port = await freePort();
      this.nodes.push({ name: `node${number}`, port, url: `http://127.0.0.1:${port}/mcp` });
    }
    await Promise.all(this.nodes.map((node) => this.startNode(node)));
    await this.#startBalancer();
    return this;
  }

  /** Start Redis, with what an earlier one has saved. */
  async startRedis() {
    this.redis = this.#options.processes.start('redis', 'redis-server',
        ['--port', String(this.redisPort), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']);
    await waitForPort(this.redisPort, this.redis);
  }

  async startNode(node) {
    const { processes, jar, java, heap, serverArgs } = this.#options;
    // Several JVMs share few cores: what makes them start quickly counts for more than their peak,
    // and one that gets no core for a while hasn't lost its Redis.
    node.process = processes.start(node.name, java, [
      `-Xmx${heap}`, '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-jar', path.resolve(jar),
      `--server.port=${node.port}`, `--spring.data.redis.url=redis://127.0.0.1:${this.redisPort}`,
      `--spring.lifecycle.timeout-per-shutdown-phase=${GRACE_SECONDS}s`, '--mcp.persist.retry-interval=50ms',
      '--mcp.persist.timeout=2s', ...serverArgs,
    ]);
    await waitForPort(node.port, node.process);
  }

  /** Ask a server to end. @returns whether it did, in little more than its period of grace */
  stopNode(node) {
    return this.#options.processes.stop(node.process, (GRACE_SECONDS + 5) * 1000);
  }

  killNode(node) {
    return this.#options.processes.kill(node.process);
  }

  /** Wait until the balancer sends requests to all servers. */
  async awaitAllUp(limit = 30_000) {
    for (const end = Date.now() + limit; Date.now() < end; await delay(50)) {
      const states = await this.#states();
      if (this.nodes.every(({ name }) => states.get(name)?.startsWith('UP'))) {
        return;
      }
    }
    throw new Error(`the balancer doesn't find all servers up: ${[...await this.#states()].join(' ')}`);
  }

  /** What the balancer answered, as `{session, node, method, status}`; connections under way are missing. */
  requests() {
    return readRequests(readFileSync(this.balancer.log, 'utf8'));
  }

  async #startBalancer() {
    const { processes } = this.#options;
    this.balancerPort = await freePort();
    this.url = `http://localhost:${this.balancerPort}/mcp`;
    this.#socket = path.join(processes.directory, 'haproxy.sock');
    const file = path.join(processes.directory, 'haproxy.cfg');
    writeFileSync(file, configuration(this.balancerPort, this.nodes, this.#socket));
    this.balancer = processes.start('haproxy', 'haproxy', ['-db', '-f', file]);
    await waitForPort(this.balancerPort, this.balancer);
    await this.awaitAllUp();
  }

  async #states() {
    // Its port may be open a moment before its socket is there.
    const table = await ask(this.#socket, 'show stat').catch((error) => `# status\n${error.message}`);
    const rows = table.trim().split('\n').map((line) => line.split(','));
    const column = rows[0].indexOf('status');
    return new Map(rows.slice(1).map((row) => [row[1], row[column]]));
  }

}

/** HAProxy with plain round robin: no request knows where the one before it went. */
export function configuration(port, nodes, socket) {
  return `global
  maxconn 4000
  stats socket ${socket} mode 600
  log stdout format raw local0

defaults
  mode http
  log global
  log-format "request %[capture.req.hdr(0)] %s %HM %ST"
  balance roundrobin
  http-reuse never
  # Each request takes a server of its own, also on a connection that the client keeps
  option http-server-close
  option http-no-delay
  retries 3
  # At once to the next server, and not first a second later to the same
  option redispatch 1
  timeout connect 2s
  timeout client 5m
  timeout server 5m
  timeout tunnel 5m

frontend mcp
  bind 127.0.0.1:${port}
  http-request capture req.hdr(mcp-session-id) len 80
  default_backend nodes

backend nodes
  http-response set-header x-served-by %s
${nodes.map(({ name, port: nodePort }) => `  server ${name} 127.0.0.1:${nodePort} check inter 200ms fall 1 rise 1`).join('\n')}
`;
}

export function readRequests(log) {
  return [...log.matchAll(/^request (\S+) (\S+) (\S+) (\S+)$/gm)]
    .map(([, session, node, method, status]) => ({ session, node, method, status: Number(status) }));
}

/** How many requests each server answered, and how often a session's next one was answered by another. */
export function spread(requests, nodes) {
  const counts = new Map(nodes.map(({ name }) => [name, 0]));
  const last = new Map();
  let pairs = 0;
  let moves = 0;
  for (const { session, node } of requests.filter((request) => counts.has(request.node))) {
    counts.set(node, counts.get(node) + 1);
    if (session !== '-') {
      pairs += last.has(session) ? 1 : 0;
      moves += (last.get(session) ?? node) === node ? 0 : 1;
      last.set(session, node);
    }
  }
  return { counts, pairs, moves };
}

function ask(socketPath, command) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(socketPath, () => socket.write(`${command}\n`));
    let answer = '';
    socket.on('data', (data) => {
      answer += data;
    });
    socket.on('error', reject).on('close', () => resolve(answer));
    socket.setTimeout(5000, () => socket.destroy(new Error('the balancer does not answer')));
  });
}
