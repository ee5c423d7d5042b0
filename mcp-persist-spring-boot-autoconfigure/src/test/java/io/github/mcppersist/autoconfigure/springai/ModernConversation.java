package io.github.mcppersist.autoconfigure.springai;

import java.io.IOException;
import java.util.Map;
import java.util.Objects;

import io.modelcontextprotocol.json.McpJsonDefaults;
import org.jspecify.annotations.Nullable;

import io.github.mcppersist.test.transport.ModernPost;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A request of revision 2026-07-28 that is made again with what the server has asked for,
 * round by round. Immutable: any round can be made twice, by whom and where a test likes.
 *
 * @param method the method
 * @param name what the request names, a tool, a prompt or a resource
 * @param params its parameters, as JSON
 * @param answer the last answer
 */
record ModernConversation(String method, String name, String params, Map<String, Object> answer) {

	static ModernConversation call(RawMcpClient client, String tool) throws IOException {
		return begin(client, "tools/call", tool, "\"name\":\"" + tool + "\",\"arguments\":{}");
	}

	static ModernConversation begin(RawMcpClient client, String method, String name, String params) throws IOException {
		return new ModernConversation(method, name, params, send(client, method, name, params));
	}

	/**
	 * Answer the one question that was asked.
	 * @param client who answers, at whichever server
	 * @param word the answer
	 * @return the conversation with what comes of it
	 * @throws IOException if the connection fails
	 */
	ModernConversation say(RawMcpClient client, String word) throws IOException {
		String responses = "{\"" + key() + "\":{\"action\":\"accept\",\"content\":{\"answer\":\"" + word + "\"}}}";
		return new ModernConversation(this.method, this.name, this.params,
				send(client, this.method, this.name, this.params + ",\"requestState\":\"" + at("result", "requestState")
						+ "\",\"inputResponses\":" + responses));
	}

	private static Map<String, Object> send(RawMcpClient client, String method, String name, String params)
			throws IOException {
		try (Exchange exchange = new ModernPost(client, method, params).header("Mcp-Name", name)
			.field("clientCapabilities", "{\"elicitation\":{}}")
			.send()) {
			boolean whole = String.valueOf(exchange.header("Content-Type")).startsWith("application/json");
			return json(whole ? exchange.body() : Objects.requireNonNull(exchange.next()).data());
		}
	}

	@SuppressWarnings("unchecked")
	private static Map<String, Object> json(String text) throws IOException {
		return McpJsonDefaults.getMapper().readValue(text, Map.class);
	}

	/**
	 * Assert that a question was asked.
	 * @param message what the user is asked
	 * @return this
	 */
	ModernConversation asks(String message) {
		assertThat(at("result", "resultType")).as(this.answer.toString()).isEqualTo("input_required");
		assertThat(at("result", "inputRequests", key(), "method")).isEqualTo("elicitation/create");
		assertThat(at("result", "inputRequests", key(), "params", "message")).isEqualTo(message);
		return this;
	}

	/**
	 * Assert that the request has come to its end.
	 * @param text what is somewhere in the result
	 */
	void ends(String text) {
		assertThat(at("result", "resultType")).as(this.answer.toString()).isEqualTo("complete");
		assertThat(this.answer.toString()).contains(text);
	}

	private String key() {
		assertThat(at("result", "inputRequests")).as(this.answer.toString()).isInstanceOf(Map.class);
		Map<?, ?> requests = (Map<?, ?>) Objects.requireNonNull(at("result", "inputRequests"));
		assertThat(requests).hasSize(1);
		return String.valueOf(requests.keySet().iterator().next());
	}

	@Nullable Object at(String... path) {
		Object value = this.answer;
		for (String member : path) {
			value = (value instanceof Map<?, ?> object) ? object.get(member) : null;
		}
		return value;
	}

}
