// The AI SDK's MCP client.
import { createMCPClient, ElicitationRequestSchema } from '@ai-sdk/mcp';
import { drive } from './driver.mjs';

await drive(async (url, { asked }) => {
  const client = await createMCPClient({
    transport: { type: 'http', url },
    capabilities: { elicitation: {} },
    onUncaughtError: (error) => console.error(error),
  });
  client.onElicitationRequest(ElicitationRequestSchema, async () => ({ action: 'accept', content: asked() }));
  return {
    listTools: async () => (await client.listTools()).tools.map(({ name }) => name),
    callTool: async (name, args) => {
      const tools = await client.tools();
      const result = await tools[name].execute(args, { toolCallId: 'call', messages: [] });
      return result.content[0].text;
    },
    close: () => client.close(),
  };
});
