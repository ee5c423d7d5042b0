/** The Server-Sent Events of a response, as they come: `{id, data, retry}`. Comments are passed over. */
export async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) {
      return;
    }
    buffer += value.replaceAll('\r\n', '\n');
    const blocks = buffer.split('\n\n');
    buffer = blocks.pop();
    for (const block of blocks) {
      const event = parse(block);
      if (event !== undefined) {
        yield event;
      }
    }
  }
}

function parse(block) {
  let event;
  for (const line of block.split('\n')) {
    const [, name, value] = /^(id|data|retry): ?(.*)$/.exec(line) ?? [];
    if (name !== undefined) {
      event ??= { data: '' };
      event[name] = (name === 'data' && event.data !== '') ? `${event.data}\n${value}` : value;
    }
  }
  return event;
}
