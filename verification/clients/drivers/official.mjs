import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';

/** A client of the official SDK, 1.x, over a transport. */
export async function wrap(Client, transport, { timeout, asked }, prepare = () => undefined) {
  const client = new Client({ name: 'mcp-persist-clients', version: '1' }, { capabilities: { elicitation: {} } });
  client.setRequestHandler(ElicitRequestSchema, async () => ({ action: 'accept', content: asked() }));
  client.onerror = (error) => console.error(error.message);
  prepare(client);
  await client.connect(transport, { timeout });
  return {
    listTools: async () => (await client.listTools()).tools.map(({ name }) => name),
    callTool: async (name, args, progressed) => {
      const onprogress = ({ progress }) => progressed(progress);
      client.progressed = onprogress;
      return (await client.callTool({ name, arguments: args }, undefined, { timeout, onprogress })).content[0].text;
    },
    close: async () => {
      await transport.terminateSession?.();
      await client.close();
    },
  };
}
