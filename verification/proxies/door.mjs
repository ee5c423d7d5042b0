import net from 'node:net';

const REQUEST = /^([A-Z]+) (\S+) (HTTP\/\d\.\d)\r\n/;

/**
 * The door of a server: a proxy's connections go through it, byte by byte as they are. It
 * notes the requests, as the server sees them, and it can be shut, as if the server had gone.
 */
export class Door {

  /** `{method, path, protocol, headers}` of each request, in order. */
  requests = [];

  #target;
  #rewrite;
  #server;
  #sockets = new Set();

  /**
   * @param target the server's port on the loopback address
   * @param rewrite changes what the server answers, as text, for a test's negative twin
   */
  constructor(target, rewrite) {
    this.#target = target;
    this.#rewrite = rewrite;
  }

  async open(port = 0) {
    const server = net.createServer((client) => this.#connect(client));
    await new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
    this.#server = server;
    this.port = server.address().port;
    return this;
  }

  /** Refuse connections, and break those that there are. */
  async shut() {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#sockets.forEach((socket) => socket.resetAndDestroy());
    await closed;
  }

  #connect(client) {
    const server = net.connect(this.#target, '127.0.0.1');
    for (const [from, to] of [[client, server], [server, client]]) {
      this.#sockets.add(from);
      from.setNoDelay(true);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroySoon();
      });
    }
    client.on('data', (chunk) => this.#note(chunk));
    client.pipe(server);
    if (this.#rewrite === undefined) {
      server.pipe(client);
    }
    else {
      server.on('data', (chunk) => client.write(this.#rewrite(chunk.toString('latin1')), 'latin1'));
    }
  }

  /** A proxy sends a request when the one before has been answered, so a head begins a chunk. */
  #note(chunk) {
    const text = chunk.subarray(0, 16_384).toString('latin1');
    const line = REQUEST.exec(text);
    if (line === null) {
      return;
    }
    const [, method, path, protocol] = line;
    const lines = text.slice(line[0].length).split('\r\n\r\n', 1)[0].split('\r\n');
    const headers = Object.fromEntries(lines.map((one) => {
      const colon = one.indexOf(':');
      return [one.slice(0, colon).toLowerCase(), one.slice(colon + 1).trim()];
    }));
    this.requests.push({ method, path, protocol, headers });
  }

}
