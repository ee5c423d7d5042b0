import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, must, PUBLIC_NAME, Session, upTo } from './client.mjs';

const MAX_REQUEST_SIZE = 16 * 1024 * 1024;

/** What hasn't arrived by then won't. */
const HELD = 15_000;

/**
 * What a proxy has to let through. Each check takes `{port, doors, times}`, throws if it
 * fails, and returns what is worth to be told.
 */
export const FLOW = {

  async 'headers arrive as they should: HTTP/1.1, Host, Last-Event-ID'({ port, doors }) {
    const session = await new Session(port).open();
    const call = session.call('count', { n: 2, intervalMs: 10 });
    await call.answer;
    await call.resume(call.events[0].id);
    const requests = doors.flatMap((door) => door.requests.filter(({ headers }) => headers['x-mark'] === call.mark));
    must(requests.length === 2, `the servers saw ${requests.length} requests instead of two`);
    for (const { method, protocol, headers } of requests) {
      must(protocol === 'HTTP/1.1', `${method} came as ${protocol}`);
      must(headers.host === session.host, `Host ${session.host} came as ${headers.host}`);
    }
    const resume = requests.find(({ method }) => method === 'GET');
    must(resume?.headers['last-event-id'] === call.events[0].id, `Last-Event-ID came as ${resume?.headers['last-event-id']}`);
  },

  async 'an event of a call arrives while the tool waits for its answer'({ port }) {
    const session = await new Session(port).open();
    const call = session.call('greet', {});
    await converse(session, call);
  },

  async 'an event after a resume arrives while the tool waits for its answer'({ port }) {
    const session = await new Session(port).open();
    const call = session.call('greet', {});
    await call.until(() => call.question !== undefined);
    await call.cut();
    call.question = undefined;
    call.resume(call.events[0].id);
    await converse(session, call);
  },

  async 'a listening stream answers at once'({ port }) {
    const session = await new Session(port).open();
    await listen(session);
  },

  async 'a call whose client was cut is resumed'({ port, times }) {
    const session = await new Session(port).open();
    const call = session.call('count', { n: 8, intervalMs: times.interval });
    await call.until(() => call.numbers.length === 3);
    await call.cut();
    await call.resumeUntilResult(Date.now() + times.limit);
    whole(call, 8);
  },

  async 'a body as large as the server takes passes, and the server refuses a larger one'({ port }) {
    const session = await new Session(port).open();
    const message = (bytes) => ({ id: 'large', method: 'ping', params: { _meta: { filler: 'x'.repeat(bytes) } } });
    const passes = await session.post(message(MAX_REQUEST_SIZE - 1000));
    must(passes.status === 200, `a body of just under 16 MiB is answered with ${describe(passes)}`);
    // The server answers a larger one before it has read it. Who is still sending then, the
    // proxy or the client, may find its connection reset instead
    const refused = await session.post(message(MAX_REQUEST_SIZE + 1000));
    must([undefined, 413, 502, 503].includes(refused.status), `a larger one is answered with ${describe(refused)}`);
    return `beyond 16 MiB ${refused.status ?? refused.error}`;
  },

  async 'a body in chunks passes'({ port }) {
    const session = await new Session(port).open();
    const status = await session.postChunks({ id: 'chunks', method: 'ping' });
    must(status === 200, `it is answered with ${status}`);
  },

  async 'the public Host and its Origin are served, others are not'({ port }) {
    const session = new Session(port);
    const own = await session.initialize({ origin: `http://${session.host}` });
    must(own.status === 200, `the own Origin is answered with ${describe(own)}`);
    const foreign = await session.initialize({ origin: 'http://elsewhere.example' });
    must(foreign.status === 403 && foreign.text.includes('"jsonrpc"'), `a foreign Origin is answered with ${describe(foreign)}`);
    const misdirected = await session.initialize({ host: `not.${PUBLIC_NAME}:${port}` });
    must(misdirected.status === 421 && misdirected.text.includes('"jsonrpc"'), `a foreign Host is answered with ${describe(misdirected)}`);
  },

  async 'DELETE ends a session'({ port }) {
    const session = await new Session(port).open();
    const deleted = await session.delete();
    must([200, 202, 204].includes(deleted.status), `DELETE is answered with ${describe(deleted)}`);
    const after = await session.post({ id: 1, method: 'ping' });
    must(after.status === 404, `a ping after it is answered with ${describe(after)}`);
  },

};

/**
 * What no cache may mix up: all sessions and all calls have one URL. In each check another
 * request for it was answered before.
 */
export const CACHE = {

  async 'the 404 of an unknown session is not given to a live one'({ port }) {
    const session = await new Session(port).open();
    await listen(session);
    const unknown = new Session(port);
    unknown.headers = { ...session.headers, 'mcp-session-id': randomUUID() };
    const refused = await unknown.get();
    must(refused.status === 404, `an unknown session is answered with ${describe(refused)}`);
    await listen(session);
  },

  async 'the 400 and 406 of a bad request are not given to a good one'({ port }) {
    const session = await new Session(port).open();
    const malformed = await session.get({ headers: { 'last-event-id': 'none of ours' } });
    must(malformed.status === 400, `a malformed cursor is answered with ${describe(malformed)}`);
    await listen(session);
    const unacceptable = await session.get({ headers: { accept: 'text/html' } });
    must(unacceptable.status === 406, `Accept: text/html is answered with ${describe(unacceptable)}`);
    await listen(session);
  },

  async 'the 204 at the end of a complete stream is not given to another resume'({ port, times }) {
    const session = await new Session(port).open();
    const other = await new Session(port).open();
    const running = other.call('count', { n: 8, intervalMs: times.interval });
    await running.until(() => running.numbers.length === 1);
    await running.cut();
    const done = session.call('count', { n: 2, intervalMs: 10 });
    await done.answer;
    const end = await done.resume();
    must(end.status === 204, `the end of a complete stream is answered with ${describe(end)}`);
    const resumed = await running.resume();
    must(resumed.status === 200, `a running call's resume is answered with ${describe(resumed)}`);
    whole(running, 8);
  },

  async 'the events of one resume are not given to another'({ port }) {
    const sessions = [await new Session(port).open(), await new Session(port).open()];
    const calls = sessions.map((session, index) => session.call('count', { n: 3 + index, intervalMs: 10 }));
    await Promise.all(calls.map((call) => call.answer));
    const cursors = calls.map((call) => call.events[0].id);
    for (const call of [...calls, ...calls]) {
      call.events = [];
      call.result = undefined;
      const answer = await call.resume(cursors[calls.indexOf(call)]);
      must(answer.status === 200, `a resume is answered with ${describe(answer)}`);
      whole(call, 3 + calls.indexOf(call));
    }
  },

  async 'listening streams of two sessions are open at once'({ port }) {
    const sessions = await Promise.all([1, 2, 3].map(() => new Session(port).open()));
    const abort = new AbortController();
    const firsts = sessions.map((session) => new Promise((resolve) => {
      session.get({ signal: abort.signal, onEvent: ({ id }) => resolve(id) }).then((answer) => resolve(answer));
    }));
    const ids = await Promise.race([Promise.all(firsts), delay(HELD, [], { ref: false })]);
    abort.abort();
    must(new Set(ids.filter((id) => typeof id === 'string')).size === 3, `three streams answered ${JSON.stringify(ids)}`);
  },

};

/** What remains when a server goes; the last check, since it shuts a door. */
export const FAILOVER = {

  async 'a call whose server went is resumed on the other'({ port, doors, times }) {
    const session = await new Session(port).open();
    const call = session.call('count', { n: 12, intervalMs: times.interval });
    await call.until(() => call.numbers.length === 2);
    const from = doors.findIndex((door) => door.requests.some(({ headers }) => headers['x-mark'] === call.mark));
    must(from >= 0, 'no door has seen the call');
    await doors[from].shut();
    await call.answer;
    must(call.result === undefined, 'the call had ended before its server went');
    const attempts = await call.resumeUntilResult(Date.now() + times.limit);
    whole(call, 12);
    const resumes = doors[1 - from].requests.filter(({ method, headers }) => method === 'GET' && headers['x-mark'] === call.mark);
    must(resumes.length > 0, 'the other server has seen no resume');
    return `${attempts} ${(attempts === 1) ? 'resume' : 'resumes'}`;
  },

};

/** For a proxy whose time limit is above the interval of heartbeats, and below the silence. */
export async function staysOpenInSilence({ port, times }) {
  const session = await openPatiently(port, times.limit);
  const call = session.call('sleep', { ms: times.silence });
  const answer = await call.answer;
  must(call.result?.result, `after ${call.events.length} events: ${describe(answer)}`);
}

/** For one whose limit is below the interval of heartbeats. */
export async function isCutInSilence({ port, times }) {
  const session = await openPatiently(port, times.limit);
  let call;
  for (const end = Date.now() + times.limit; call?.cursor === undefined;) {
    must(Date.now() < end, 'a call got no event');
    call = session.call('sleep', { ms: times.silence });
    await call.answer;
  }
  must(call.result === undefined, 'it was not cut');
  const attempts = await call.resumeUntilResult(Date.now() + times.silence + times.limit);
  return `${attempts} ${(attempts === 1) ? 'resume' : 'resumes'}`;
}

/** Open a session although the time limit is too short for it on a busy machine, or the server is cold. */
export async function openPatiently(port, limit) {
  for (const end = Date.now() + limit; ; await delay(250)) {
    try {
      return await new Session(port).open();
    }
    catch (error) {
      if (Date.now() > end) {
        throw error;
      }
    }
  }
}

/** Open the session's own listening stream, see its first event, and close it. */
async function listen(session) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), HELD);
  let first;
  const answer = await session.get({
    signal: abort.signal,
    onEvent: ({ id }) => {
      first ??= id;
      abort.abort();
    },
  });
  clearTimeout(timer);
  must(answer.status === 200 && first, `a live session's GET is answered with ${describe(answer)}`);
}

/**
 * A tool that waits for an answer to its question sends nothing more: a proxy that holds the
 * question back, holds it for good. So no time has to be measured.
 */
async function converse(session, call) {
  const held = delay(HELD, true, { ref: false });
  const asked = call.until(() => call.question !== undefined);
  if (await Promise.race([asked, held])) {
    await call.cut();
    throw new Error(`the question did not arrive within ${HELD / 1000} s`);
  }
  if (call.question === undefined) {
    throw new Error(`there was no question: ${describe(await call.answer)}`);
  }
  const answered = await session.post({ id: call.question, result: { action: 'accept', content: { name: 'Ann' } } });
  must(answered.status === 202, `the answer to it is answered with ${describe(answered)}`);
  await call.answer;
  must(call.result?.result?.content?.[0]?.text === 'Hello, Ann', `the result was ${JSON.stringify(call.result)}`);
}

function whole(call, n) {
  must(call.foreign === undefined, `something of ${call.foreign} came`);
  must(call.numbers.join() === upTo(n), `came ${call.numbers.join()} of ${n}`);
  must(call.result?.result?.content?.[0]?.text === `counted ${n}`, `the result was ${JSON.stringify(call.result)}`);
}
