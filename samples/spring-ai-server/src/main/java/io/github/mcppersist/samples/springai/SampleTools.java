package io.github.mcppersist.samples.springai;

import java.util.concurrent.TimeUnit;

import io.modelcontextprotocol.spec.McpSchema.ElicitResult.Action;
import org.springframework.ai.mcp.annotation.McpTool;
import org.springframework.ai.mcp.annotation.McpToolParam;
import org.springframework.ai.mcp.annotation.context.McpSyncRequestContext;
import org.springframework.ai.mcp.annotation.context.StructuredElicitResult;
import org.springframework.aot.hint.annotation.RegisterReflectionForBinding;
import org.springframework.stereotype.Component;

import io.github.mcppersist.transport.StreamConnection;

/**
 * A tool for each way in which a call can go: at once, slowly, in the middle of a
 * conversation, and without a connection.
 */
@Component
@RegisterReflectionForBinding(SampleTools.Person.class)
class SampleTools {

	@McpTool(name = "add", description = "Adds two numbers")
	long add(@McpToolParam(description = "the first") long a, @McpToolParam(description = "the second") long b) {
		return a + b;
	}

	@McpTool(name = "sleep", description = "Answers after a while, and says nothing before")
	String sleep(@McpToolParam(description = "how long, in milliseconds") long ms) throws InterruptedException {
		TimeUnit.MILLISECONDS.sleep(ms);
		return "slept " + ms + " ms";
	}

	@McpTool(name = "count",
			description = "Counts from 1 to n in progress notifications, for a request with a progress token")
	String count(McpSyncRequestContext context, @McpToolParam(description = "how far to count") int n,
			@McpToolParam(description = "the time between two numbers, in milliseconds") long intervalMs)
			throws InterruptedException {
		for (int i = 1; i <= n; i++) {
			int number = i;
			context.progress((progress) -> progress.progress(number).total(n));
			TimeUnit.MILLISECONDS.sleep(intervalMs);
		}
		return "counted " + n;
	}

	@McpTool(name = "greet", description = "Asks the user for a name, waits for it, and greets")
	String greet(McpSyncRequestContext context) {
		if (!context.elicitEnabled()) {
			return "Hello, whoever you are";
		}
		StructuredElicitResult<Person> answer = context.elicit((question) -> question.message("What is your name?"),
				Person.class);
		return (answer.action() == Action.ACCEPT) ? "Hello, " + answer.structuredContent().name()
				: "Hello, whoever you are";
	}

	@McpTool(name = "disconnect",
			description = "Closes its connection (SEP-1699) and answers a client that has come back")
	String disconnect(McpSyncRequestContext context,
			@McpToolParam(description = "the time between the two, in milliseconds") long ms)
			throws InterruptedException {
		boolean closed = StreamConnection.of(context.exchange()).close();
		TimeUnit.MILLISECONDS.sleep(ms);
		return closed ? "closed the connection" : "kept the connection";
	}

	/**
	 * What the user is asked for.
	 *
	 * @param name how to greet
	 */
	record Person(String name) {
	}

}
