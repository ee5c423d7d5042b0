import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

/**
 * What the page of an application does: open a session, call a slow tool, tell of its
 * progress, end the session.
 */
globalThis.callSlowTool = async (url, n, intervalMs) => {
  const transport = new StreamableHTTPClientTransport(new URL(url), {
    reconnectionOptions: {
      initialReconnectionDelay: 200, maxReconnectionDelay: 1000, reconnectionDelayGrowFactor: 1.5, maxRetries: 20,
    },
  });
  const client = new Client({ name: 'page', version: '1' });
  const numbers = [];
  try {
    await client.connect(transport);
    const result = await client.callTool({ name: 'count', arguments: { n, intervalMs } }, {
      timeout: 60_000,
      onprogress: ({ progress }) => {
        numbers.push(progress);
        globalThis.tellProgress(progress);
      },
    });
    await transport.terminateSession();
    return { numbers, text: result.content[0].text };
  }
  catch (error) {
    return { numbers, error: error.message };
  }
  finally {
    await client.close();
  }
};
