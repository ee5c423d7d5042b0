import http from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { SseParser } from '../common/sse.mjs';

/** How a connection ends that is cut: what the client sees of it. */
export const FORMS = {
  reset: 'RST',
  fin: 'FIN',
  clean: 'clean end',
};

/** Where in the answer to a call it is cut. */
export const PLACES = {
  early: 'behind the first event',
  middle: 'behind the second message',
  inside: 'in the middle of an event',
  late: 'in front of the response',
};

/** Lines of a stream that a client has to bear, each in front of the answer to a call. */
export const LINES = {
  retry: 'retry: 1000\n',
  comment: ': a comment\n',
  'empty comment': ':\n\n',
  'unknown field': 'unknown: field\n',
  'field without a colon': 'data\n\n',
  'empty event': 'id: an-id-of-the-proxy\ndata:\n\n',
};

/** How long a call without progress lasts before it is cut in the middle, in milliseconds. */
const SILENCE = 900;

/** How long after the last bytes a RST follows, in milliseconds, on an idle machine. */
const GAP = 200;

/**
 * What stands between one session of a client and the servers: a balancer that sends each request
 * to another one, takes down what the client sends, and can cut an answer or put lines into it.
 *
 * The plan is `{cut: {form, place}, tool, witness}` for the answer to the first call of a tool,
 * `{listening: form, patience}` for the standalone stream of a session that calls a tool, or `{lines}`
 * for the answers to calls. A call waits until the client has come back to its standalone stream, or
 * `patience` is over. With `witness` the stage itself resumes the call that it has cut, to see whether
 * its result is there. `silent` says that the call sends nothing before its response. Resumes and answers
 * to the server go to another instance than the call that they belong to.
 */
export class Stage {

  /** Of each request `{method, rpc, tool, userAgent, protocol, lastEventId, of, node, status}`. */
  requests = [];

  /** Whether what was to be cut has been. */
  cut = false;

  /** The text of the result that the stage got by resuming, or why it got none. */
  witnessed;

  #nodes;
  #plan;
  #gap;
  #next = 0;
  #callNode = 0;
  #server;
  #sockets = new Set();
  #ids = new Map();
  #witness;
  #listening = new Map();

  constructor(nodes, plan = {}, slowness = 1) {
    this.#nodes = nodes;
    this.#plan = plan;
    this.#gap = GAP * slowness;
  }

  async open() {
    this.#server = http.createServer((request, response) => this.#receive(request, response));
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    await new Promise((resolve, reject) => this.#server.once('error', reject).listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${this.#server.address().port}/mcp`;
    return this;
  }

  /** Wait for what the stage does itself. */
  async settle() {
    await this.#witness;
  }

  async close() {
    this.#sockets.forEach((socket) => socket.destroy());
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #receive(request, response) {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('error', () => undefined);
    request.on('end', () => this.#forward(request, Buffer.concat(chunks), response));
  }

  async #forward(request, body, response) {
    const message = parse(body);
    const record = {
      method: request.method,
      path: request.url,
      rpc: message?.method ?? ((message === undefined) ? undefined : 'answer'),
      tool: message?.params?.name,
      userAgent: request.headers['user-agent'],
      protocol: request.headers['mcp-protocol-version'],
      session: request.headers['mcp-session-id'],
      lastEventId: request.headers['last-event-id'],
    };
    // Of which stream the event is after which the client resumes
    record.of = this.#ids.get(record.lastEventId);
    record.node = this.#choose(record);
    this.requests.push(record);
    if (this.#plan.listening && record.rpc === 'tools/call') {
      await this.#cutListening(record.session);
    }
    if (record.method === 'DELETE') {
      await this.#witness;
    }
    const { hostname, port } = new URL(this.#nodes[record.node].url);
    const headers = { ...request.headers, host: `${hostname}:${port}` };
    const forwarded = http.request({ hostname, port, path: request.url, method: request.method, headers, agent: false });
    const link = { record, request, response, forwarded };
    forwarded.on('response', (answer) => this.#answer(link, answer));
    forwarded.on('error', (error) => {
      if (record.cut === undefined) {
        record.error = error.message;
        response.destroy();
      }
    });
    response.on('close', () => forwarded.destroy());
    response.on('error', () => undefined);
    forwarded.end(body);
  }

  /** Cut the standalone stream of a session once it has brought an ID, and wait for the client to come back. */
  async #cutListening(session) {
    const { listening, patience } = this.#plan;
    // The newest: some clients open a second one, and the server then closes the first
    const newest = () => this.#listening.get(session)?.at(-1);
    await until(() => newest()?.record.lastSent !== undefined, patience);
    const cut = newest();
    if (cut !== undefined) {
      this.#end(cut, listening);
      await until(() => newest() !== cut, patience);
    }
  }

  #choose(record) {
    const count = this.#nodes.length;
    if (record.lastEventId !== undefined || record.rpc === 'answer') {
      return (this.#callNode + 1) % count;
    }
    const node = this.#next++ % count;
    if (record.rpc === 'tools/call') {
      this.#callNode = node;
    }
    return node;
  }

  #answer(link, answer) {
    const { record, response } = link;
    record.status = answer.statusCode;
    const streams = answer.headers['content-type']?.startsWith('text/event-stream') ?? false;
    // What has ended by then has a length, which it wouldn't have any more
    const { 'content-length': length, ...others } = answer.headers;
    response.writeHead(answer.statusCode, streams ? others : answer.headers);
    response.flushHeaders();
    // That the servers' side of a cut ends as well is no news
    answer.on('error', () => record.cut ?? response.destroy());
    if (!streams) {
      answer.pipe(response);
      return;
    }
    record.stream = (record.rpc === 'tools/call') ? record.tool : (record.of ?? ((record.method === 'GET') ? 'listening' : record.rpc));
    const { cut, tool, lines } = this.#plan;
    if (record.stream === 'listening') {
      this.#listening.set(record.session, [...this.#listening.get(record.session) ?? [], link]);
    }
    if (cut && !this.cut && record.rpc === 'tools/call' && record.tool === tool) {
      this.#cutCall(link, answer, cut);
      return;
    }
    if (lines && record.rpc === 'tools/call') {
      response.write(lines);
    }
    const parser = this.#note(record);
    answer.on('data', (chunk) => parser.push(chunk));
    answer.pipe(response);
  }

  /** Takes down the IDs of a stream, to tell what a client resumes. */
  #note(record) {
    return new SseParser({
      onEvent: ({ id }) => {
        this.#ids.set(id, record.stream);
        record.lastSent = id ?? record.lastSent;
      },
    });
  }

  #cutCall(link, answer, { form, place }) {
    const { record, response } = link;
    const sent = this.#note(record);
    const send = (part) => {
      sent.push(part);
      response.write(part);
    };
    let text = '';
    let messages = 0;
    let events = 0;
    const end = () => this.#end(link, form);
    if (place === 'middle' && this.#plan.silent) {
      setTimeout(end, SILENCE);
    }
    answer.on('end', () => record.cut ?? response.end());
    answer.setEncoding('utf8');
    answer.on('data', (chunk) => {
      text += chunk;
      for (let border = text.indexOf('\n\n'); border >= 0 && !this.cut; border = text.indexOf('\n\n')) {
        const event = text.slice(0, border + 2);
        text = text.slice(border + 2);
        const isMessage = event.includes('"jsonrpc"');
        events++;
        messages += isMessage ? 1 : 0;
        const isResponse = isMessage && event.includes('"result"');
        if (place === 'late' && isResponse) {
          end();
        }
        else if (place === 'inside' && (messages === 3 || isResponse)) {
          send(event.slice(0, event.length >> 1));
          end();
        }
        else {
          send(event);
          if ((place === 'early' && events === 1) || (place === 'middle' && messages === 2)) {
            end();
          }
        }
      }
    });
  }

  #end({ request, response, forwarded, record }, form) {
    if (this.cut || response.destroyed || response.writableEnded) {
      return;
    }
    this.cut = true;
    record.cut = form;
    const { socket } = request;
    forwarded.destroy();
    if (this.#plan.witness) {
      this.#witness = this.#resume(record).then((text) => {
        this.witnessed = text;
      });
    }
    if (form === 'clean') {
      response.end();
    }
    else if (form === 'fin') {
      // Without the last chunk
      socket.end();
      setTimeout(() => socket.destroy(), 1000);
    }
    else {
      // A RST right behind the last bytes would look like an orderly end to the client; and Node's
      // own resetAndDestroy sends a FIN before it.
      setTimeout(() => {
        socket.destroySoon = socket.destroy;
        socket.resetAndDestroy();
      }, this.#gap);
    }
  }

  /** Resume a call on another instance than its own, and wait for the result. */
  async #resume({ session, protocol, lastSent, node }) {
    try {
      const response = await fetch(this.#nodes[(node + 1) % this.#nodes.length].url, {
        headers: {
          accept: 'text/event-stream', 'mcp-session-id': session, 'last-event-id': lastSent,
          ...(protocol && { 'mcp-protocol-version': protocol }),
        },
        signal: AbortSignal.timeout(20_000),
      });
      if (response.status !== 200) {
        return `status ${response.status}`;
      }
      let text = 'no result';
      const parser = new SseParser({
        onEvent: ({ data }) => {
          text = parse(data)?.result?.content[0].text ?? text;
        },
      });
      for await (const chunk of response.body) {
        parser.push(chunk);
      }
      return text;
    }
    catch (error) {
      return error.message;
    }
  }

}

async function until(condition, limit) {
  for (const end = Date.now() + limit; Date.now() < end && !condition();) {
    await delay(20);
  }
}

function parse(body) {
  try {
    return JSON.parse(body.toString('utf8'));
  }
  catch {
    return undefined;
  }
}
