// The MCP client of the OpenAI agents SDK.
import { MCPServerStreamableHttp } from '@openai/agents';
import { drive } from './driver.mjs';

await drive(async (url, { timeout }) => {
  const server = new MCPServerStreamableHttp({ url, name: 'server', timeout });
  await server.connect();
  return {
    listTools: async () => (await server.listTools()).map(({ name }) => name),
    callTool: async (name, args) => (await server.callTool(name, args))[0].text,
    close: () => server.close(),
  };
});
