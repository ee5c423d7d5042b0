import { setTimeout as delay } from 'node:timers/promises';
import { Session } from '../proxies/client.mjs';

export const INSTANCES = ['one', 'two'];

/** Longer than an instance counts as alive after it was killed. */
const ORPHAN_LIMIT = 30_000;

const TOO_LARGE = 1_500_000;

/** Clients of two servers: what they do is what makes each metric move. */
export class Traffic {

  calls = 0;

  resumes = 0;

  #servers;
  #fail;
  #ended = false;
  #clients = [];
  #listening = new AbortController();

  constructor(servers, fail) {
    this.#servers = servers;
    this.#fail = fail;
  }

  begin() {
    for (const number of [0, 1, 2, 3]) {
      this.#clients.push(this.#repeat((round) => this.#converse(number + round)));
    }
    this.#clients.push(this.#repeat(() => this.#listen(0)), this.#repeat(() => this.#listen(1)),
        this.#repeat((round) => this.#bother(round)));
  }

  async end() {
    this.#ended = true;
    this.#listening.abort();
    await Promise.all(this.#clients);
  }

  /** Start a call at the second server, and lose its connection. */
  async abandon() {
    const session = await new Session(this.#servers[1].port).open();
    await this.#storing(session);
    const call = session.call('sleep', { ms: 60_000 });
    await call.until(({ cursor }) => cursor !== undefined);
    await call.cut();
    return { session, call };
  }

  /** Wait until events of a session have IDs: Redis was away. */
  async #storing(session) {
    for (const end = Date.now() + ORPHAN_LIMIT; Date.now() < end; await delay(200)) {
      const call = session.call('count', { n: 1 });
      await call.answer;
      if (call.cursor !== undefined) {
        return;
      }
    }
  }

  /** @returns whether the first server ends what ran at the second */
  async comeBack({ session, call }) {
    const elsewhere = this.#at(session, 0);
    let answer = false;
    for (const end = Date.now() + ORPHAN_LIMIT; !answer && Date.now() < end; await delay(200)) {
      await elsewhere.get({
        headers: { 'last-event-id': call.cursor },
        onEvent: ({ data }) => {
          answer ||= data?.includes('"error"') ?? false;
          return answer;
        },
      });
    }
    return answer;
  }

  /** Let a client come back too late, and make Redis refuse a message. */
  async lose() {
    const session = await new Session(this.#servers[0].port).open();
    const counting = session.call('count', { n: 400, intervalMs: 2 });
    await counting.answer;
    await session.get({ headers: { 'last-event-id': counting.events[0].id } });
    const greeting = session.call('greet', {});
    await greeting.until(({ question }) => question !== undefined);
    await session.post({ id: greeting.question, result: { action: 'accept', content: { name: 'x'.repeat(TOO_LARGE) } } });
    await greeting.answer;
  }

  // A client that fails because a server or Redis has gone begins again; what it must see is elsewhere
  async #repeat(action) {
    for (let round = 0; !this.#ended; round++) {
      try {
        await action(round);
      }
      catch (error) {
        if (error instanceof TypeError || error instanceof ReferenceError) {
          this.#fail(error.stack);
          return;
        }
      }
      await delay(150);
    }
  }

  async #converse(round) {
    const session = await new Session(this.#servers[round % 2].port).open();
    for (let i = 0; i < 6 && !this.#ended; i++) {
      await session.call('add', { a: 1, b: 2 }).answer;
      this.calls++;
      const counting = session.call('count', { n: 6, intervalMs: 150 });
      await counting.until(({ numbers }) => numbers.length >= 2);
      await counting.cut();
      this.calls++;
      if (counting.cursor !== undefined) {
        this.resumes++;
        // So that it has missed something
        await delay(400);
        await this.#at(session, (round + i) % 2).get({ headers: { 'last-event-id': counting.cursor } });
      }
    }
    await session.delete();
  }

  async #listen(number) {
    const session = await new Session(this.#servers[number].port).open();
    await session.get({ signal: this.#listening.signal });
  }

  /** What clients do wrong, or give up. */
  async #bother(round) {
    const session = await new Session(this.#servers[round % 2].port).open();
    await session.get({ headers: { 'last-event-id': 'unknown' } });
    const call = session.call('sleep', { ms: 30_000 });
    await call.until(({ cursor }) => cursor !== undefined);
    await session.post({ method: 'notifications/cancelled', params: { requestId: 'call-1' } });
    await call.answer;
    await session.delete();
    await session.get({ headers: { 'last-event-id': call.cursor } });
    await delay(2000);
  }

  #at(session, number) {
    const other = new Session(this.#servers[number].port);
    other.headers = session.headers;
    return other;
  }

}
