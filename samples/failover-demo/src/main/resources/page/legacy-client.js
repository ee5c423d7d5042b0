import { events } from './sse.js';

const VERSION = '2025-11-25';

/** Before it comes back, unless the server asks for more: long enough for something to be missed. */
const RETRY_MS = 2500;

/** As much of a client of revision 2025-11-25 as the page needs: a session, and streams that are resumed. */
export class LegacyClient {

  name = 'legacy';
  keepsEvents = true;
  session;

  #id = 0;

  async run(call) {
    const id = ++this.#id;
    const request = { jsonrpc: '2.0', id, method: 'tools/call',
      params: { name: 'count', arguments: call.arguments, _meta: { progressToken: `call-${id}` } } };
    try {
      await this.#open();
      let response = await this.#post(request);
      if (response.status === 404) {
        this.session = undefined;
        await this.#open();
        response = await this.#post(request);
      }
      await this.#follow(call, id, response);
    }
    catch (error) {
      call.end('lost', error.message);
    }
  }

  /** The request is cancelled wherever it runs, whoever is connected. */
  async cancel(call) {
    const response = await this.#post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: call.id, reason: 'The user has had enough' } });
    if (!response.ok) {
      throw new Error(`the server answered ${response.status}`);
    }
    call.note('cancelled', instanceOf(response));
    call.cancelled = true;
  }

  async #open() {
    if (this.session !== undefined) {
      return;
    }
    const response = await this.#post({ jsonrpc: '2.0', id: 0, method: 'initialize', params: {
      protocolVersion: VERSION, capabilities: { elicitation: {} }, clientInfo: { name: 'page', version: '1' } } });
    if (!response.ok) {
      throw new Error(`No session: the server answered ${response.status}`);
    }
    this.session = response.headers.get('Mcp-Session-Id');
    await response.text();
    await this.#post({ jsonrpc: '2.0', method: 'notifications/initialized' });
  }

  async #follow(call, id, first) {
    call.id = id;
    call.note(`in session ${this.session.slice(0, 8)}…`, instanceOf(first));
    let response = first;
    let openedAt = call.startedAt;
    let lastEventId;
    const asked = new Set();
    let retry = RETRY_MS;
    for (;;) {
      if (response?.ok) {
        call.connected(instanceOf(response), openedAt);
        let cut = false;
        try {
          for await (const event of events(response.body)) {
            lastEventId = event.id ?? lastEventId;
            retry = Math.max(retry, Number(event.retry ?? 0));
            this.#take(call, id, event, asked);
            if (call.outcome !== undefined) {
              return;
            }
          }
        }
        catch {
          cut = true;
        }
        call.disconnected(cut);
        if (call.cancelled) {
          call.end('cancelled', 'The stream has ended without a response');
          return;
        }
      }
      else if (response !== undefined && response.status !== 503) {
        throw new Error(`the server answered ${response.status}`);
      }
      if (lastEventId === undefined) {
        throw new Error('no event had an ID to come back with');
      }
      await new Promise((resolve) => setTimeout(resolve, retry));
      openedAt = Date.now();
      response = await fetch('/mcp', { headers: this.#headers({ Accept: 'text/event-stream', 'Last-Event-ID': lastEventId }) })
        .catch(() => undefined);
    }
  }

  #take(call, id, { id: eventId, data }, asked) {
    const message = (data === '') ? undefined : JSON.parse(data);
    if (message?.id === id && message.method === undefined) {
      const { error, result } = message;
      call.end(error ? 'error' : 'result', error ? error.message : result.content[0].text, { id: eventId });
      return;
    }
    call.receive(eventId, message);
    // It may come once more, as all that came without an ID
    if (message?.method === 'elicitation/create' && !asked.has(message.id)) {
      asked.add(message.id);
      this.#ask(call, message);
    }
  }

  /** The answer is a request of its own, to whichever instance. */
  async #ask(call, { id, params }) {
    const action = await call.ask(params.message);
    for (let answered = action === undefined; !answered;) {
      const response = await this.#post({ jsonrpc: '2.0', id, result: { action, content: {} } }).catch(() => undefined);
      answered = response !== undefined && response.status !== 503;
      if (answered) {
        call.note(`answered: ${action === 'accept' ? 'yes' : 'no'}`, instanceOf(response));
      }
      else {
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  #post(message) {
    return fetch('/mcp', { method: 'POST', body: JSON.stringify(message),
      headers: this.#headers({ Accept: 'application/json, text/event-stream', 'Content-Type': 'application/json' }) });
  }

  #headers(headers) {
    return { ...headers, 'Demo-Client': this.name, 'MCP-Protocol-Version': VERSION, ...(this.session && { 'Mcp-Session-Id': this.session }) };
  }

}

function instanceOf(response) {
  return response.headers.get('Demo-Instance');
}
