import http from 'node:http';
import { SseParser } from '../common/sse.mjs';

const ACCEPT = 'application/json, text/event-stream';

/** How long the server may take to close a stream whose response it has sent. */
export const CLOSE_LIMIT = 5000;

/** What a balancer answers in place of a server that has gone or doesn't take requests any more. */
const UNAVAILABLE = new Set([502, 503, 504]);

/**
 * One HTTP exchange on a connection of its own; never rejects. Resolves to the status (none
 * if no headers came), the headers, the text if it was no event stream, `ended` if the server
 * ended it in order, `unclosed` if it didn't end it after the event for which `onEvent`
 * returned true, and `error`, the reason why it is over.
 * @param options `{headers, body, onHeaders, onEvent, onRetry, idleLimit, signal}`
 */
export function exchange(url, method, options = {}) {
  const { headers, body, onHeaders, onEvent, onRetry, idleLimit = CLOSE_LIMIT, signal } = options;
  return new Promise((resolve) => {
    const answer = { text: '', ended: false, unclosed: false };
    const payload = (body === undefined) ? undefined : Buffer.from(JSON.stringify(body));
    let done = false;
    const request = http.request(url, {
      method, agent: false,
      headers: {
        accept: (method === 'GET') ? 'text/event-stream' : ACCEPT, ...headers,
        ...(payload && { 'content-type': 'application/json', 'content-length': payload.length }),
      },
    });
    const finish = (reason) => {
      if (!done) {
        done = true;
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        answer.error = reason;
        request.destroy();
        resolve(answer);
      }
    };
    const abort = () => finish('aborted');
    let timer = setTimeout(() => finish('no headers'), 10_000);
    const rearm = () => {
      if (!done && !answer.complete) {
        clearTimeout(timer);
        timer = setTimeout(() => finish('idle'), idleLimit);
      }
    };
    signal?.addEventListener('abort', abort);
    request.on('error', (error) => finish(error.message));
    request.on('close', () => finish('closed'));
    request.on('response', (response) => {
      answer.status = response.statusCode;
      answer.headers = response.headers;
      onHeaders?.(response);
      rearm();
      const parser = new SseParser({
        onRetry,
        onEvent: (event) => {
          if (onEvent?.(event) === true) {
            answer.complete = true;
            clearTimeout(timer);
            timer = setTimeout(() => {
              answer.unclosed = true;
              finish('unclosed');
            }, CLOSE_LIMIT);
          }
        },
      });
      const stream = /^text\/event-stream/.test(response.headers['content-type'] ?? '');
      response.on('data', (chunk) => {
        rearm();
        if (stream) {
          parser.push(chunk);
        }
        else {
          answer.text += chunk;
        }
      });
      response.on('error', (error) => finish(error.message));
      response.on('end', () => {
        answer.ended = response.complete;
        finish('end');
      });
    });
    request.end(payload);
  });
}

/** Whether a status is the balancer's, which says no more than a connection that was cut. */
export function isUnavailable(status) {
  return UNAVAILABLE.has(status);
}

/** Whether an exchange went down with its server, be it before, in or instead of the answer. */
export function isBroken({ status, ended, error }) {
  return isUnavailable(status) || (!ended && !['no headers', 'idle', 'unclosed', 'aborted'].includes(error));
}
