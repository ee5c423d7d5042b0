import { setTimeout as delay } from 'node:timers/promises';
import { CLOSE_LIMIT, exchange, isBroken, isUnavailable } from './exchange.mjs';

/** Without a byte for this long a connection that may be cut is taken for dead, and resumed. */
const IDLE_LIMIT = 700;

/** How often what must not be cut is tried behind a balancer, and the time between two of them. */
export const CALM_ATTEMPTS = 40;
export const CALM_DELAY = 250;

/**
 * An MCP session over plain HTTP/1.1, one connection for each request. The setup and the end
 * of the session take the calm port; calls and resumes take the port where they are cut.
 */
export class RawSession {

  /** How often the balancer lost a server in the middle of what isn't cut here. */
  repeated = 0;

  /** How often it answered in place of a server. */
  unavailable = 0;

  #options;
  #headers = {};
  #nextId = 1;

  /** @param options `{cutUrl, calmUrl, version, dice, balanced}`, the last if a balancer is in front */
  constructor(options) {
    this.#options = options;
    this.version = options.version;
  }

  async open() {
    const { version } = this.#options;
    const answer = await this.#calmly('POST', {}, {
      jsonrpc: '2.0', id: 0, method: 'initialize',
      params: { protocolVersion: version, capabilities: {}, clientInfo: { name: 'chaos-raw', version: '1' } },
    });
    const text = answer.events.at(-1)?.data ?? answer.text;
    const message = text.startsWith('{') ? JSON.parse(text) : undefined;
    if (answer.status !== 200 || message?.result === undefined) {
      throw new Error(`initialize answered ${answer.status} ${JSON.stringify(message) ?? answer.error}`);
    }
    this.version = message.result.protocolVersion;
    this.#headers = { 'mcp-session-id': answer.headers['mcp-session-id'], 'mcp-protocol-version': this.version };
    const accepted = await this.#calmly('POST', {}, { jsonrpc: '2.0', method: 'notifications/initialized' });
    if (accepted.status !== 202) {
      throw new Error(`notifications/initialized answered ${accepted.status}`);
    }
  }

  async close() {
    await this.#calmly('DELETE', {});
  }

  /** Make one call and resume it until its result is there; without an event ID give up. */
  async call(record, deadline) {
    const { n, intervalMs } = record.call;
    const id = `call-${this.#nextId++}`;
    const state = { retry: 50 };
    const answer = await this.#stream(record, state, id, 'POST', {}, {
      jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'count', arguments: { n, intervalMs } },
    });
    record.node = answer.headers?.['x-served-by'];
    if (this.#refused(answer)) {
      record.violation('protocol', `call answered ${answer.status} ${answer.text}`);
      return;
    }
    while (record.primed && record.results === 0 && Date.now() < deadline) {
      await delay(state.retry);
      const cursor = record.lastEventId;
      record.resumes++;
      const resumed = await this.#stream(record, state, id, 'GET', { 'last-event-id': cursor });
      if (resumed.status === 204) {
        if (record.results === 0) {
          record.violation('protocol', `resume after ${cursor} answered 204 although there was no result`);
        }
        return;
      }
      if (this.#refused(resumed)) {
        record.violation('protocol', `resume after ${cursor} answered ${resumed.status} ${resumed.text}`);
        return;
      }
    }
    if (record.results > 0 && this.#options.dice.chance(0.2)) {
      await this.#audit(record);
    }
  }

  #refused({ status }) {
    if (this.#options.balanced && isUnavailable(status)) {
      this.unavailable++;
      return false;
    }
    return status !== undefined && status !== 200;
  }

  /** The stream is complete: read it again from its end and from somewhere in the middle. */
  async #audit(record) {
    const { dice } = this.#options;
    record.audited = true;
    const from = dice.integer(0, record.events.length - 1);
    for (const position of [record.events.length - 1, from]) {
      const cursor = record.events[position].id;
      const answer = await this.#calmly('GET', { 'last-event-id': cursor });
      const again = answer.events.map(({ id, data }) => ({ id, data }));
      const expected = record.events.slice(position + 1);
      if (expected.length > 0 && answer.status !== 200) {
        record.violation('lost', `second replay after ${cursor} answered ${answer.status} ${answer.text}`);
      }
      else if (answer.status !== 200 && answer.status !== 204) {
        record.violation('protocol', `resume at the end answered ${answer.status} ${answer.text}`);
      }
      else if (answer.status === 200 && !answer.ended) {
        record.violation('protocol', `resume of the complete stream after ${cursor} was not closed`);
      }
      else if (JSON.stringify(again) !== JSON.stringify(expected)) {
        record.violation((again.length > expected.length) ? 'twice' : 'lost',
            `second replay after ${cursor} gave ${again.length} events, ${expected.length} expected`);
      }
    }
  }

  async #stream(record, state, id, method, headers, body) {
    let first = method === 'POST' && this.version >= '2025-11-25';
    const answer = await this.#exchange(this.#options.cutUrl, method, headers, body, (event) => {
      if (first && (event.id === undefined || event.data !== '')) {
        record.violation('protocol', 'the first event of the call is no priming event');
      }
      first = false;
      if (event.id) {
        record.eventId(event.id, event.data);
      }
      if (event.data) {
        const message = JSON.parse(event.data);
        if (message.method === undefined && message.id !== id) {
          record.violation('foreign', `response to ${message.id} on the stream of ${id}`);
        }
        record.message(message);
        return message.method === undefined;
      }
      return false;
    }, (retry) => {
      state.retry = retry;
    });
    if (answer.unclosed) {
      record.violation('protocol', `stream not closed ${CLOSE_LIMIT} ms after the response`);
    }
    return answer;
  }

  #exchange(url, method, headers, body, onEvent, onRetry) {
    const idleLimit = (url === this.#options.cutUrl) ? IDLE_LIMIT : CLOSE_LIMIT;
    return exchange(url, method, { headers: { ...this.#headers, ...headers }, body, onEvent, onRetry, idleLimit });
  }

  /** An exchange through the calm port, made again while it goes down with a server behind the balancer. */
  async #calmly(method, headers, body) {
    for (let attempt = 1; ; attempt++) {
      const events = [];
      const answer = await this.#exchange(this.#options.calmUrl, method, headers, body, (event) => {
        events.push(event);
      });
      if (!this.#options.balanced || !isBroken(answer) || attempt === CALM_ATTEMPTS) {
        return { ...answer, events: events.filter(({ data }) => data) };
      }
      this.repeated++;
      await delay(CALM_DELAY);
    }
  }

}
