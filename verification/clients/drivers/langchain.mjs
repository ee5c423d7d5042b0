// LangChain's MCP adapters.
import { MultiServerMCPClient } from '@langchain/mcp-adapters';
import { drive } from './driver.mjs';

await drive(async (url, { timeout }) => {
  let progressed = () => undefined;
  const client = new MultiServerMCPClient({
    mcpServers: { server: { transport: 'http', url, automaticSSEFallback: false, defaultToolTimeout: timeout } },
    onProgress: ({ progress }) => progressed(progress),
  });
  const tools = await client.getTools();
  return {
    listTools: async () => tools.map(({ name }) => name),
    callTool: async (name, args, onProgress) => {
      progressed = onProgress;
      return tools.find((tool) => tool.name === name).invoke(args);
    },
    close: () => client.close(),
  };
});
