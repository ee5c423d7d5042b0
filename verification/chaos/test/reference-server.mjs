import { randomUUID } from 'node:crypto';
import http from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * The smallest MCP server with resumable streams and the tool `count`, so that the bench can
 * be tried against a server that is right, and against servers that are wrong on purpose:
 *
 * - `lose`: a resume skips the first event after the cursor;
 * - `repeat`: a resume starts with the event at the cursor;
 * - `swap`: a resume sends its first two events in the wrong order;
 * - `forget-result`: a resume never sends the response;
 * - `no-priming`: calls start without a priming event;
 * - `stay-open`: streams aren't closed after the response;
 * - `die`: every third call ends in its middle, with the error of a server that died;
 * - `unavailable`: a balancer in front answers every third request itself.
 */
export class ReferenceServer {

  #fault;
  #sessions = new Map();
  #requests = 0;
  #calls = 0;
  #http = http.createServer((request, response) => this.#serve(request, response).catch(() => response.destroy()));

  constructor(fault) {
    this.#fault = fault;
  }

  async listen(port = 0) {
    await new Promise((resolve) => this.#http.listen(port, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${this.#http.address().port}/mcp`;
    return this;
  }

  async close() {
    const closed = new Promise((resolve) => this.#http.close(resolve));
    this.#http.closeAllConnections();
    await closed;
  }

  async #serve(request, response) {
    let body = '';
    for await (const chunk of request) {
      body += chunk;
    }
    if (this.#fault === 'unavailable' && ++this.#requests % 3 === 0) {
      response.writeHead(503).end();
      return;
    }
    response.setHeader('x-served-by', 'reference');
    const session = this.#sessions.get(request.headers['mcp-session-id']);
    const message = (request.method === 'POST') ? JSON.parse(body) : undefined;
    if (message?.method === 'initialize') {
      const { protocolVersion } = message.params;
      const id = randomUUID();
      this.#sessions.set(id, { id, version: protocolVersion, streams: new Map() });
      const result = { protocolVersion, capabilities: { tools: {}, logging: {} }, serverInfo: { name: 'reference', version: '1' } };
      response.writeHead(200, { 'content-type': 'application/json', 'mcp-session-id': id });
      response.end(JSON.stringify({ jsonrpc: '2.0', id: message.id, result }));
    }
    else if (session === undefined) {
      response.writeHead(404).end();
    }
    else if (request.method === 'DELETE') {
      this.#sessions.delete(session.id);
      session.streams.forEach((stream) => stream.reader?.end());
      response.writeHead(204).end();
    }
    else if (request.method === 'GET') {
      this.#resume(session, request.headers['last-event-id'], response);
    }
    else if (message.id === undefined) {
      response.writeHead(202).end();
    }
    else {
      await this.#count(session, message, response);
    }
  }

  #resume(session, cursor, response) {
    if (cursor === undefined) {
      response.writeHead(405).end();
      return;
    }
    const [streamId, sequence] = cursor.split('.');
    const stream = session.streams.get(streamId);
    if (stream === undefined) {
      response.writeHead(400).end();
      return;
    }
    const at = Number(sequence) + 1;
    let events = stream.events.slice((this.#fault === 'repeat') ? at - 1 : at);
    if (stream.complete && at === stream.events.length) {
      response.writeHead(204).end();
      return;
    }
    if (this.#fault === 'lose') {
      events = events.slice(events[0]?.last ? 0 : 1);
    }
    else if (this.#fault === 'swap' && events.length > 2) {
      events = [events[1], events[0], ...events.slice(2)];
    }
    else if (this.#fault === 'forget-result') {
      events = events.filter(({ last }) => !last);
    }
    this.#attach(stream, response);
    response.write(`id: ${cursor}\ndata: \n\n`);
    events.forEach((event) => response.write(event.frame));
    if (stream.complete) {
      this.#end(stream);
    }
  }

  async #count(session, { id, params }, response) {
    const { n, intervalMs } = params.arguments;
    const streamId = randomUUID();
    const stream = { events: [], complete: false };
    session.streams.set(streamId, stream);
    this.#attach(stream, response);
    const store = (message, last = false) => {
      const data = message ? JSON.stringify({ jsonrpc: '2.0', ...message }) : '';
      const frame = `id: ${streamId}.${stream.events.length}\n${message ? '' : 'retry: 20\n'}data: ${data}\n\n`;
      stream.events.push({ frame, last });
      stream.reader.write(frame);
    };
    if (session.version >= '2025-11-25' && this.#fault !== 'no-priming') {
      store();
    }
    const dies = this.#fault === 'die' && ++this.#calls % 3 === 0;
    for (let data = 1; data <= (dies ? n / 2 : n); data++) {
      store({ method: 'notifications/message', params: { level: 'info', data } });
      await delay(intervalMs);
    }
    store(dies ? { id, error: { code: -32603, message: 'The server died; the outcome of the request is unknown' } }
      : { id, result: { content: [{ type: 'text', text: `counted ${n}` }] } }, true);
    stream.complete = true;
    this.#end(stream);
  }

  #attach(stream, response) {
    stream.reader?.end();
    stream.reader = response;
    response.on('error', () => undefined);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
  }

  #end(stream) {
    if (this.#fault !== 'stay-open') {
      stream.reader.end();
    }
  }

}
