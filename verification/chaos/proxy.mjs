import net from 'node:net';
import { random } from './random.mjs';

/**
 * What is done to one connection, drawn from its random source. `at` counts the bytes that
 * the server sent, so a cut falls into headers, frames and chunk sizes alike.
 */
export function drawPlan(dice) {
  const kind = dice.next();
  if (kind < 0.2) {
    return { kind: 'none' };
  }
  if (kind < 0.23) {
    return { kind: 'request', at: dice.integer(0, 700) };
  }
  return {
    kind: (kind < 0.55) ? 'reset' : (kind < 0.88) ? 'close' : 'stall',
    // One in eight early: in the headers, in the priming event or just behind it.
    at: dice.chance(0.125) ? dice.integer(0, 600) : dice.magnitude(100, 60_000),
    border: dice.chance(0.25) ? (dice.chance(0.5) ? 'before' : 'after') : 'none',
    clientStall: dice.integer(200, 1000),
    serverStall: dice.integer(1000, 4000),
  };
}

/**
 * A TCP proxy on the loopback address with two ports: connections through `cutPort` are cut
 * at random, those through `calmPort` never. Kinds of cuts:
 *
 * - `reset` and `close`: both sides end, by RST or by FIN, after `at` bytes of the response
 *   or at the border of the TCP chunk that holds this byte;
 * - `stall`: nothing is forwarded any more; the client's side is reset after `clientStall`,
 *   the server's side stays open and unread for `serverStall`, which leaves it half open;
 * - `request`: both sides end after `at` bytes of the request.
 *
 * The plan of a connection depends on the seed and on its number, so a run repeats its plans
 * exactly and their places up to the timing of the connections.
 */
export class ChaosProxy {

  stats = { connections: 0, reset: 0, close: 0, stall: 0, request: 0 };

  #target;
  #plan;
  #servers = [];
  #sockets = new Set();
  #timers = new Set();

  constructor({ port, host = '127.0.0.1', seed = 1, plan }) {
    this.#target = { host, port };
    this.#plan = plan ?? ((number) => drawPlan(random(seed, 'connection', number)));
  }

  get cuts() {
    return this.stats.reset + this.stats.close + this.stats.stall + this.stats.request;
  }

  async listen() {
    this.cutPort = await this.#serve(() => this.#plan(this.stats.connections++));
    this.calmPort = await this.#serve(() => ({ kind: 'none' }));
    return this;
  }

  async close() {
    this.#timers.forEach((timer) => clearTimeout(timer));
    this.#sockets.forEach((socket) => socket.destroy());
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  async #serve(nextPlan) {
    const server = net.createServer((client) => this.#connect(client, nextPlan()));
    this.#servers.push(server);
    await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
    return server.address().port;
  }

  #connect(client, plan) {
    const server = net.connect(this.#target);
    const link = { client, server, plan, sent: 0, received: 0, over: false };
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      // An error is followed by 'close', which is all that matters here.
      socket.on('error', () => undefined);
      socket.on('close', () => this.#sockets.delete(socket));
    }
    client.on('data', (chunk) => this.#fromClient(link, chunk));
    server.on('data', (chunk) => this.#fromServer(link, chunk));
    client.on('drain', () => link.over || server.resume());
    server.on('drain', () => link.over || client.resume());
    client.on('close', () => link.over || server.destroy());
    server.on('end', () => link.over || client.end());
    server.on('close', () => link.over || client.destroySoon());
  }

  #fromClient(link, chunk) {
    const { client, server, plan } = link;
    if (link.over) {
      return;
    }
    if (plan.kind === 'request' && link.sent + chunk.length > plan.at) {
      this.#end(link);
      server.end(chunk.subarray(0, plan.at - link.sent), () => server.destroy());
      reset(client);
      return;
    }
    link.sent += chunk.length;
    if (!server.write(chunk)) {
      client.pause();
    }
  }

  #fromServer(link, chunk) {
    const { client, server, plan } = link;
    if (link.over) {
      return;
    }
    const cuts = plan.kind === 'reset' || plan.kind === 'close' || plan.kind === 'stall';
    if (!cuts || link.received + chunk.length < plan.at) {
      link.received += chunk.length;
      if (!client.write(chunk)) {
        server.pause();
      }
      return;
    }
    const last = chunk.subarray(0, { before: 0, after: chunk.length }[plan.border] ?? plan.at - link.received);
    this.#end(link);
    if (plan.kind === 'close') {
      client.end(last);
      server.end(() => server.destroy());
      this.#later(1000, () => client.destroy());
    }
    else if (plan.kind === 'reset') {
      client.write(last);
      reset(server);
      // A RST right behind the last bytes would look like an orderly end to libuv.
      this.#later(20, () => reset(client));
    }
    else {
      client.write(last);
      client.pause();
      server.pause();
      this.#later(plan.clientStall, () => reset(client));
      this.#later(plan.serverStall, () => server.destroy());
    }
  }

  #end(link) {
    link.over = true;
    this.stats[link.plan.kind]++;
  }

  #later(delay, action) {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, delay);
    this.#timers.add(timer);
  }

}

/** End a connection by RST alone: Node's own `resetAndDestroy` sends a FIN before it. */
function reset(socket) {
  socket.destroySoon = socket.destroy;
  socket.resetAndDestroy();
}
