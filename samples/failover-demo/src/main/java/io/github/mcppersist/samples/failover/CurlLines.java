package io.github.mcppersist.samples.failover;

import java.net.URI;

/**
 * The lines with which a person does in a shell what the demo does.
 */
final class CurlLines {

	private static final String TEXT = """

			Or copy these into another shell: each request goes to another instance.

			# 1. Open a session
			SESSION=$(curl -sD - -o /dev/null {url} \\
			  -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' \\
			  -d '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"{version}",\
			"capabilities":{},"clientInfo":{"name":"curl","version":"1"}}}' \\
			  | tr -d '\\r' | sed -n 's/^mcp-session-id: *//Ip')
			curl -s {url} -H "Mcp-Session-Id: $SESSION" -H 'MCP-Protocol-Version: {version}' \\
			  -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' \\
			  -d '{"jsonrpc":"2.0","method":"notifications/initialized"}'

			# 2. Count to 20, one every half second, and lose the connection after three seconds
			curl -sN --max-time 3 {url} -H "Mcp-Session-Id: $SESSION" -H 'MCP-Protocol-Version: {version}' \\
			  -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' \\
			  -d '{"jsonrpc":"2.0","id":2,"method":"tools/call",\
			"params":{"name":"count","arguments":{"n":20,"intervalMs":500}}}' | tee cut.txt

			# 3. Resume after the last event that arrived
			curl -sN {url} -H "Mcp-Session-Id: $SESSION" -H 'MCP-Protocol-Version: {version}' \\
			  -H 'Accept: text/event-stream' -H "Last-Event-ID: $(sed -n 's/^id: *//p' cut.txt | tail -n 1)"
			""";

	private CurlLines() {
	}

	static String of(URI endpoint) {
		return TEXT.replace("{url}", endpoint.toString()).replace("{version}", McpHttpClient.PROTOCOL_VERSION);
	}

}
