import assert from 'node:assert/strict';
import test from 'node:test';
import { SseParser } from '../sse.mjs';

function parse(...chunks) {
  const seen = [];
  const parser = new SseParser({
    onEvent: (event) => seen.push(event),
    onRetry: (retry) => seen.push({ retry }),
    onComment: (comment) => seen.push({ comment }),
  });
  chunks.forEach((chunk) => parser.push(Buffer.from(chunk)));
  return seen;
}

test('reads ID, event type and data', () => {
  assert.deepEqual(parse('id: 7\nevent: message\ndata: {"a":1}\n\n'), [{ id: '7', event: 'message', data: '{"a":1}' }]);
});

test('reports a priming event, which has an ID and no data, and its retry', () => {
  assert.deepEqual(parse('id: 7\nretry: 50\ndata: \n\n'), [{ retry: 50 }, { id: '7', event: undefined, data: '' }]);
  assert.deepEqual(parse('id: 7\n\n'), [{ id: '7', event: undefined, data: '' }]);
});

test('joins several lines of data', () => {
  assert.deepEqual(parse('data: one\ndata:two\ndata\n\n')[0].data, 'one\ntwo\n');
});

test('reports comments and no event for them', () => {
  assert.deepEqual(parse(': heartbeat\n\n:\n\n'), [{ comment: 'heartbeat' }, { comment: '' }]);
});

test('gives the same events wherever the bytes are split', () => {
  const text = Buffer.from('\ufeffid: é1\r\ndata: 20 €\r\n\r\n:c\rdata: a\rdata: b\r\rid: x\ndata: 😀\n\n');
  const whole = parse(text);
  assert.equal(whole.length, 4);
  for (let at = 1; at < text.length; at++) {
    assert.deepEqual(parse(text.subarray(0, at), text.subarray(at)), whole, `split at ${at}`);
  }
  assert.deepEqual(parse(...Array.from(text, (byte) => Buffer.of(byte))), whole);
});

test('drops what an unfinished block held', () => {
  assert.deepEqual(parse('id: 1\ndata: a\n\nid: 2\ndata: b\n'), [{ id: '1', event: undefined, data: 'a' }]);
});

test('ignores unknown fields, an ID with a NUL and a retry that is no number', () => {
  assert.deepEqual(parse('foo: bar\nid: a\0b\nretry: 5x\ndata: d\n\n'), [{ id: undefined, event: undefined, data: 'd' }]);
});
