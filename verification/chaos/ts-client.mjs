import { setTimeout as delay } from 'node:timers/promises';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { CallToolResultSchema, ErrorCode, LoggingMessageNotificationSchema, McpError } from '@modelcontextprotocol/sdk/types.js';
import { isUnavailable } from './exchange.mjs';
import { CALM_ATTEMPTS, CALM_DELAY } from './raw-client.mjs';

/** How long after the end of a connection its last bytes may still be on their way through the client. */
const GRACE = 300;

/** Errors that the client makes itself; all others were sent by the server. */
const LOCAL_ERRORS = new Set([ErrorCode.RequestTimeout, ErrorCode.ConnectionClosed]);

/**
 * A session of the official client, one call at a time, since its notifications don't say to
 * which call they belong. Its own transport resumes; two of its limits are worked around:
 *
 * - a call whose connection breaks before the priming event would wait for its timeout: it
 *   is given up as unprimed;
 * - a resumed connection that breaks before its first event makes the transport forget its
 *   cursor and open a listening stream instead: `resumeStream`, the client's own API, puts
 *   it back on its way, and the needless listening stream gets 405.
 */
export class TsSession {

  /** How often the client had to be put back on its way. */
  rescued = 0;

  /** How often the balancer lost a server in the middle of what isn't cut here. */
  repeated = 0;

  /** How often it answered in place of a server. */
  unavailable = 0;

  #options;
  #client;
  #transport;
  #call;

  /** @param options `{cutUrl, calmUrl, balanced}`, the last if a balancer is in front */
  constructor(options) {
    this.#options = options;
  }

  async open() {
    this.#client = new Client({ name: 'chaos-ts', version: '1' }, { capabilities: {} });
    // Cuts are reported here too; what matters is what the calls got.
    this.#client.onerror = (error) => {
      this.lastError = error.message;
    };
    this.#client.setNotificationHandler(LoggingMessageNotificationSchema,
        ({ params }) => this.#call?.record.notification(params.data));
    this.#transport = new StreamableHTTPClientTransport(new URL(this.#options.cutUrl), {
      fetch: (url, init) => this.#fetch(url, init),
      reconnectionOptions: {
        initialReconnectionDelay: 50, maxReconnectionDelay: 200, reconnectionDelayGrowFactor: 1.2, maxRetries: 100,
      },
    });
    await this.#client.connect(this.#transport, { timeout: 10_000 });
  }

  async close() {
    await this.#transport.terminateSession().catch(() => undefined);
    await this.#client.close();
  }

  /** @returns whether the session can be used for another call */
  async call(record, deadline) {
    const { n, intervalMs } = record.call;
    const call = { record, ids: new Set(), received: 0, abandoned: new AbortController(), over: false };
    call.onId = (id) => {
      call.received++;
      call.ids.add(id);
      record.eventId(id);
    };
    this.#call = call;
    try {
      const result = await this.#client.request(
          { method: 'tools/call', params: { name: 'count', arguments: { n, intervalMs } } }, CallToolResultSchema,
          { timeout: Math.max(1, deadline - Date.now()), signal: call.abandoned.signal, onresumptiontoken: call.onId });
      // Handlers of notifications run a few microtasks later than they arrive.
      await new Promise((resolve) => setImmediate(resolve));
      record.response(result);
      return true;
    }
    catch (error) {
      record.error = error.message;
      if (error instanceof McpError && !LOCAL_ERRORS.has(error.code)) {
        record.response(error, true);
        return true;
      }
      return !record.primed;
    }
    finally {
      call.over = true;
      this.#call = undefined;
    }
  }

  async #fetch(url, init) {
    const body = init.body ?? '';
    if (init.method === 'DELETE' || /"method":"(initialize|notifications\/initialized)"/.test(body)) {
      return this.#calmly(init);
    }
    const call = this.#call;
    if (call === undefined) {
      return fetch(url, init);
    }
    if (init.method === 'POST' && body.includes('"tools/call"')) {
      const response = this.#check(call, await fetch(url, init));
      call.record.node = response.headers.get('x-served-by') ?? undefined;
      return watch(response, () => setTimeout(() => call.record.primed || call.abandoned.abort(), GRACE));
    }
    const cursor = new Headers(init.headers).get('last-event-id');
    if (init.method === 'GET' && call.ids.has(cursor)) {
      call.record.resumes++;
      const before = call.received;
      const response = this.#check(call, await fetch(url, init));
      return watch(response, () => {
        call.forgotAt = before;
      });
    }
    if (init.method === 'GET' && cursor === null && call.forgotAt === call.received) {
      call.forgotAt = undefined;
      this.#rescue(call);
      return new Response(null, { status: 405 });
    }
    return fetch(url, init);
  }

  /** A request through the calm port, made again while it goes down with a server behind the balancer. */
  async #calmly(init) {
    for (let attempt = 1; ; attempt++) {
      const last = !this.#options.balanced || attempt === CALM_ATTEMPTS;
      try {
        const response = await fetch(this.#options.calmUrl, init);
        // To the end, since it may break there too: what is not cut here has a short answer.
        const body = await response.arrayBuffer();
        if (last || !isUnavailable(response.status)) {
          return new Response(body.byteLength ? body : null, { status: response.status, headers: response.headers });
        }
      }
      catch (error) {
        if (last || init.signal?.aborted) {
          throw error;
        }
      }
      this.repeated++;
      await delay(CALM_DELAY);
    }
  }

  #check(call, response) {
    if (this.#options.balanced && isUnavailable(response.status)) {
      this.unavailable++;
      return response;
    }
    if (response.status !== 200 && !call.over) {
      call.record.violation('protocol', `${call.received ? 'resume' : 'call'} answered ${response.status}`);
      call.abandoned.abort();
    }
    return response;
  }

  async #rescue(call) {
    this.rescued++;
    for (let attempt = 0; attempt < 100 && !call.over; attempt++) {
      try {
        await this.#transport.resumeStream(call.record.lastEventId, { onresumptiontoken: call.onId });
        return;
      }
      catch {
        await delay(50);
      }
    }
  }

}

/** The same response, telling when its body has ended, in order or not. */
function watch(response, onEnd) {
  if (response.body === null) {
    return response;
  }
  const reader = response.body.getReader();
  const body = new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) {
          controller.enqueue(value);
          return;
        }
        controller.close();
      }
      catch (error) {
        controller.error(error);
      }
      onEnd();
    },
    cancel: (reason) => reader.cancel(reason),
  });
  return new Response(body, { status: response.status, headers: response.headers });
}
