package io.github.mcppersist.samples.webflux;

import java.time.Duration;

import io.modelcontextprotocol.spec.McpSchema.ElicitResult.Action;
import org.springframework.ai.mcp.annotation.McpTool;
import org.springframework.ai.mcp.annotation.McpToolParam;
import org.springframework.ai.mcp.annotation.context.McpAsyncRequestContext;
import org.springframework.ai.mcp.annotation.context.StructuredElicitResult;
import org.springframework.aot.hint.annotation.RegisterReflectionForBinding;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import io.github.mcppersist.transport.StreamConnection;

/**
 * The tools of the WebMVC sample, none of which holds a thread while it waits.
 */
@Component
@RegisterReflectionForBinding(ReactiveTools.Person.class)
class ReactiveTools {

	private static final String ANONYMOUS = "Hello, whoever you are";

	@McpTool(name = "add", description = "Adds two numbers")
	Mono<Long> add(@McpToolParam(description = "the first") long a, @McpToolParam(description = "the second") long b) {
		return Mono.just(a + b);
	}

	@McpTool(name = "sleep", description = "Answers after a while, and says nothing before")
	Mono<String> sleep(@McpToolParam(description = "how long, in milliseconds") long ms) {
		return Mono.delay(Duration.ofMillis(ms)).thenReturn("slept " + ms + " ms");
	}

	@McpTool(name = "count",
			description = "Counts from 1 to n in progress notifications, for a request with a progress token")
	Mono<String> count(McpAsyncRequestContext context, @McpToolParam(description = "how far to count") int n,
			@McpToolParam(description = "the time between two numbers, in milliseconds") long intervalMs) {
		return Flux.range(1, n)
			.concatMap((number) -> context.progress((progress) -> progress.progress(number).total(n))
				.then(Mono.delay(Duration.ofMillis(intervalMs))))
			.then(Mono.just("counted " + n));
	}

	@McpTool(name = "greet", description = "Asks the user for a name, and greets")
	Mono<String> greet(McpAsyncRequestContext context) {
		return context.elicitEnabled()
			.filter((enabled) -> enabled)
			.flatMap((enabled) -> context.elicit((question) -> question.message("What is your name?"), Person.class))
			.map(ReactiveTools::greeting)
			.defaultIfEmpty(ANONYMOUS);
	}

	private static String greeting(StructuredElicitResult<Person> answer) {
		return (answer.action() == Action.ACCEPT) ? "Hello, " + answer.structuredContent().name() : ANONYMOUS;
	}

	@McpTool(name = "disconnect",
			description = "Closes its connection (SEP-1699) and answers a client that has come back")
	Mono<String> disconnect(McpAsyncRequestContext context,
			@McpToolParam(description = "the time between the two, in milliseconds") long ms) {
		boolean closed = StreamConnection.of(context.exchange()).close();
		return Mono.delay(Duration.ofMillis(ms)).thenReturn(closed ? "closed the connection" : "kept the connection");
	}

	/**
	 * What the user is asked for.
	 *
	 * @param name how to greet
	 */
	record Person(String name) {
	}

}
