// The official TypeScript SDK, 2.x.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { drive } from './driver.mjs';

await drive(async (url, { timeout, asked, mode }) => {
  const client = new Client({ name: 'mcp-persist-clients', version: '1' }, {
    capabilities: { elicitation: {} },
    ...(mode && { versionNegotiation: { mode: (mode === 'pin') ? { pin: '2026-07-28' } : mode } }),
  });
  client.setRequestHandler('elicitation/create', async () => ({ action: 'accept', content: asked() }));
  client.onerror = (error) => console.error(error.message);
  const transport = new StreamableHTTPClientTransport(new URL(url));
  await client.connect(transport, { timeout });
  return {
    listTools: async () => (await client.listTools()).tools.map(({ name }) => name),
    callTool: async (name, args, progressed) => {
      const options = { timeout, onprogress: ({ progress }) => progressed(progress) };
      return (await client.callTool({ name, arguments: args }, options)).content[0].text;
    },
    close: async () => {
      await transport.terminateSession();
      await client.close();
    },
  };
});
