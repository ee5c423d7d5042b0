package io.github.mcppersist.test.transport;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;

import io.github.mcppersist.test.transport.RawMcpClient.Exchange;

/**
 * A request of revision 2026-07-28 as a client makes it, any part of which a test can
 * change or leave out.
 */
public final class ModernPost {

	/**
	 * The revision.
	 */
	public static final String VERSION = "2026-07-28";

	private static final String PREFIX = "io.modelcontextprotocol/";

	private final RawMcpClient client;

	private final String method;

	private final String params;

	private final Map<String, String> meta = new LinkedHashMap<>();

	private final Map<String, @Nullable String> headers = new LinkedHashMap<>();

	private String id = "1";

	/**
	 * Make a request.
	 * @param client sends it
	 * @param method the method
	 * @param params the members of its parameters beside {@code _meta}, as JSON
	 */
	public ModernPost(RawMcpClient client, String method, String params) {
		this.client = client;
		this.method = method;
		this.params = params;
		this.meta.put(PREFIX + "protocolVersion", "\"" + VERSION + "\"");
		this.meta.put(PREFIX + "clientInfo", "{\"name\":\"raw\",\"version\":\"1\"}");
		this.meta.put(PREFIX + "clientCapabilities", "{}");
		this.headers.put("MCP-Protocol-Version", VERSION);
		this.headers.put("Mcp-Method", method);
	}

	/**
	 * Make a call of a tool.
	 * @param client sends it
	 * @param tool the tool's name
	 * @param arguments its arguments, as JSON
	 * @return the request
	 */
	public static ModernPost call(RawMcpClient client, String tool, String arguments) {
		return new ModernPost(client, "tools/call", "\"name\":\"" + tool + "\",\"arguments\":" + arguments)
			.header("Mcp-Name", tool);
	}

	/**
	 * Set the request ID.
	 * @param id the ID, as JSON
	 * @return this request
	 */
	public ModernPost id(String id) {
		this.id = id;
		return this;
	}

	/**
	 * Set a header.
	 * @param name the name
	 * @param value the value, or {@code null} for none
	 * @return this request
	 */
	public ModernPost header(String name, @Nullable String value) {
		this.headers.put(name, value);
		return this;
	}

	/**
	 * Set what is in {@code _meta}.
	 * @param name the name
	 * @param json the value, or {@code null} for none
	 * @return this request
	 */
	public ModernPost meta(String name, @Nullable String json) {
		if (json != null) {
			this.meta.put(name, json);
		}
		else {
			this.meta.remove(name);
		}
		return this;
	}

	/**
	 * Set what the specification has in {@code _meta}.
	 * @param name the name without its prefix
	 * @param json the value, or {@code null} for none
	 * @return this request
	 */
	public ModernPost field(String name, @Nullable String json) {
		return meta(PREFIX + name, json);
	}

	/**
	 * Leave out {@code _meta}.
	 * @return this request
	 */
	public ModernPost withoutMeta() {
		this.meta.clear();
		return this;
	}

	/**
	 * Return the body.
	 * @return the JSON-RPC request
	 */
	public String body() {
		String meta = this.meta.entrySet()
			.stream()
			.map((entry) -> "\"" + entry.getKey() + "\":" + entry.getValue())
			.collect(Collectors.joining(",", "\"_meta\":{", "}"));
		String members = this.meta.isEmpty() ? this.params : this.params.isEmpty() ? meta : this.params + "," + meta;
		return "{\"jsonrpc\":\"2.0\",\"id\":" + this.id + ",\"method\":\"" + this.method + "\",\"params\":{" + members
				+ "}}";
	}

	/**
	 * Send the request and read the head of the response.
	 * @return the response
	 * @throws IOException if the connection fails
	 */
	public Exchange send() throws IOException {
		return send(body());
	}

	/**
	 * Send another body with the headers of this request.
	 * @param body the body
	 * @return the response
	 * @throws IOException if the connection fails
	 */
	public Exchange send(String body) throws IOException {
		Map<String, String> all = this.client.postHeaders();
		this.headers.forEach((name, value) -> {
			if (value != null) {
				all.put(name, value);
			}
			else {
				all.remove(name);
			}
		});
		return this.client.send("POST", all, body);
	}

}
