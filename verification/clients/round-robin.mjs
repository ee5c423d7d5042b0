import http from 'node:http';
import { SseParser } from '../common/sse.mjs';

/**
 * What stands between one client and servers of both eras: a balancer that sends each request to another
 * one, and takes down what it says. What a client answers goes to another instance than that which runs the
 * tool, in whichever way it answers.
 */
export class RoundRobin {

  /**
   * Of each request `{method, rpc, tool, version, meta, session, goesOn, node, owner, status, resultType}`:
   * the revision in its header and in its `_meta`, whether it goes on with a call, which instance runs the
   * tool that it calls or answers, and the `resultType` of the response.
   */
  requests = [];

  #nodes;
  #next = 0;
  #owner = 0;
  #server;
  #sockets = new Set();

  constructor(nodes) {
    this.#nodes = nodes;
  }

  async open() {
    this.#server = http.createServer((request, response) => {
      const chunks = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('error', () => undefined);
      request.on('end', () => this.#forward(request, Buffer.concat(chunks), response));
    });
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    await new Promise((resolve, reject) => this.#server.once('error', reject).listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${this.#server.address().port}/mcp`;
    return this;
  }

  async close() {
    this.#sockets.forEach((socket) => socket.destroy());
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #forward(request, body, response) {
    const message = parse(body.toString('utf8'));
    const record = {
      method: request.method,
      path: request.url,
      rpc: message?.method ?? ((message === undefined) ? undefined : 'answer'),
      tool: (message?.method === 'tools/call') ? message.params?.name : undefined,
      version: request.headers['mcp-protocol-version'],
      meta: message?.params?._meta?.['io.modelcontextprotocol/protocolVersion'],
      session: request.headers['mcp-session-id'],
      goesOn: message?.params?.requestState !== undefined,
    };
    record.node = this.#choose(record);
    record.owner = this.#owner;
    this.requests.push(record);
    const { hostname, port } = new URL(this.#nodes[record.node].url);
    const forwarded = http.request({
      hostname, port, path: request.url, method: request.method, agent: false,
      headers: { ...request.headers, host: `${hostname}:${port}` },
    });
    forwarded.on('response', (answer) => {
      record.status = answer.statusCode;
      response.writeHead(answer.statusCode, answer.headers);
      response.flushHeaders();
      answer.on('error', () => response.destroy());
      this.#read(record, message?.id, answer);
      answer.pipe(response);
    });
    forwarded.on('error', () => response.destroy());
    response.on('error', () => undefined);
    response.on('close', () => forwarded.destroy());
    forwarded.end(body);
  }

  #choose(record) {
    const count = this.#nodes.length;
    if (record.goesOn || record.rpc === 'answer') {
      return (this.#owner + 1) % count;
    }
    const node = this.#next++ % count;
    if (record.rpc === 'tools/call') {
      this.#owner = node;
    }
    return node;
  }

  #read(record, id, answer) {
    const take = (text) => {
      const message = parse(text);
      if (message?.id === id && id !== undefined) {
        record.resultType = message.result?.resultType;
      }
    };
    if (answer.headers['content-type']?.startsWith('text/event-stream')) {
      const parser = new SseParser({ onEvent: ({ data }) => take(data) });
      answer.on('data', (chunk) => parser.push(chunk));
      return;
    }
    const chunks = [];
    answer.on('data', (chunk) => chunks.push(chunk));
    answer.on('end', () => take(Buffer.concat(chunks).toString('utf8')));
  }

}

function parse(text) {
  try {
    return JSON.parse(text);
  }
  catch {
    return undefined;
  }
}
