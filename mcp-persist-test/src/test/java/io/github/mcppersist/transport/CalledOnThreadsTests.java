package io.github.mcppersist.transport;

import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

import com.fasterxml.jackson.annotation.JsonValue;
import io.modelcontextprotocol.common.McpTransportContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import io.github.mcppersist.event.InMemoryEventStore;
import io.github.mcppersist.observe.EndpointObserver;
import io.github.mcppersist.observe.EndpointObserver.Resume;
import io.github.mcppersist.observe.ResumeOutcome;
import io.github.mcppersist.servlet.StreamableHttpServlet;
import io.github.mcppersist.session.InMemorySessionStore;
import io.github.mcppersist.session.SessionNames;
import io.github.mcppersist.stream.Mailbox;
import io.github.mcppersist.task.TaskOptions;
import io.github.mcppersist.task.TaskPolicy;
import io.github.mcppersist.test.servlet.TomcatServer;
import io.github.mcppersist.test.transport.AbstractStreamableHttpTests;
import io.github.mcppersist.test.transport.ModernPost;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;
import io.github.mcppersist.test.transport.WebServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * On which threads the application's code is called: never in a mailbox, nor on a
 * delivery thread or the clock's, all of which others wait for.
 */
class CalledOnThreadsTests extends AbstractStreamableHttpTests {

	private static final Set<String> NEVER_HERE = Set.of(
			// There is one node, nothing is lost, refused or encoded, and nobody is gone
			"observer.orphanEnded", "observer.gapFound", "observer.eventsDropped", "observer.payloadUnreadable",
			"observer.sessionNotStored", "observer.taskNotCreated");

	private final ExecutorService handlers = Executors.newCachedThreadPool((task) -> new Thread(task, "users"));

	private final Set<String> called = new ConcurrentSkipListSet<>();

	private final Set<String> wrong = new ConcurrentSkipListSet<>();

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
		return new TomcatServer(new StreamableHttpServlet(endpoint, (request) -> {
			called("extractor");
			return McpTransportContext.EMPTY;
		}), null, true);
	}

	@Override
	protected void customize(StreamableHttpEndpoint.Builder builder) {
		builder.contextCapture((reactorContext) -> {
			called("contextCapture.capture");
			return (task) -> {
				called("contextCapture.apply");
				return () -> {
					called("contextCapture.run");
					task.run();
				};
			};
		}).sessionOwnerResolver((principal) -> {
			called("sessionOwnerResolver");
			return principal.getName();
		}).observer(observer()).executor((task) -> {
			called("executor");
			this.handlers.execute(task);
		});
	}

	@AfterEach
	void stopHandlers() {
		this.handlers.shutdownNow();
	}

	@Test
	void isNeverWhereOthersWait() throws Exception {
		RawMcpClient client = start(new InMemoryEventStore(), new InMemorySessionStore(),
				StreamableHttpOptions.builder()
					.modern(ModernOptions.builder()
						.tasks(TaskOptions.builder().tool("count", TaskPolicy.SUPPORTED).build())
						.build())
					.sessionCacheTimeout(Duration.ofMillis(50))
					.resumingClients((request) -> {
						called("resumingClients");
						return false;
					}))
			.user("ann")
			.initialize("{\"elicitation\":{},\"roots\":{\"listChanged\":true}}");

		callAndResume(client);
		restore(client);
		answer(client);
		cancel(client);
		askWithoutASession();
		runATask();
		await().until(() -> endpoint().statistics().sessions() == 0);
		endpoint()
			.notifyClient(client.sessionId(), "notifications/message", Map.of("level", "info", "data", new Data()))
			.doOnSuccess((nothing) -> called("notifyClient"))
			.block();
		client.post("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/roots/list_changed\"}").close();
		endpoint().notifyClients("notifications/tools/list_changed", null)
			.doOnSuccess((nothing) -> called("notifyClients"))
			.block();
		endpoint().endSession(SessionNames.of(client.sessionId()))
			.doOnSuccess((nothing) -> called("endSession"))
			.block();
		endpoint().endTask("unknown").doOnError((ex) -> called("endTask")).onErrorComplete().block();
		endpoint().shutDown(Duration.ZERO).doOnSuccess((nothing) -> called("shutDown")).block();

		Set<String> expected = Arrays.stream(EndpointObserver.class.getMethods())
			.map((method) -> "observer." + method.getName())
			.filter((name) -> !NEVER_HERE.contains(name))
			.collect(Collectors.toSet());
		expected.addAll(Set.of("extractor", "contextCapture.capture", "contextCapture.apply", "contextCapture.run",
				"sessionOwnerResolver", "executor", "resumingClients", "notifyClient", "notifyClients", "endSession",
				"endTask", "shutDown", "notification.data", "resume.ended", "resume.replayed"));
		await().untilAsserted(() -> assertThat(this.called).containsAll(expected));
		assertThat(this.wrong).isEmpty();
	}

	private void callAndResume(RawMcpClient client) throws IOException {
		SseEvent first;
		try (Exchange call = client.call(1, "count", "{}")) {
			first = call.next();
			call.rest();
		}
		try (Exchange resume = client.get(first.id())) {
			resume.rest();
		}
	}

	private void answer(RawMcpClient client) throws Exception {
		try (Exchange call = client.call(2, "elicit", "{}")) {
			Matcher id = Pattern.compile("\"id\":(\"[^\"]+\")")
				.matcher(last(readUntil(call, "elicitation/create")).data());
			assertThat(id.find()).isTrue();
			client.post("{\"jsonrpc\":\"2.0\",\"id\":" + id.group(1) + ",\"result\":{\"action\":\"accept\"}}").close();
			assertThat(last(call.rest()).data()).contains("user said");
		}
	}

	private void cancel(RawMcpClient client) throws Exception {
		try (Exchange call = client.call(3, "gated", "{\"gate\":\"g\"}")) {
			call.next();
			this.tools.awaitReached("g");
			client.post("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":3}}")
				.close();
			call.rest();
			this.tools.open("g");
		}
	}

	private void askWithoutASession() throws IOException {
		String asked = callWithoutASession("");
		Matcher state = Pattern.compile("\"requestState\":\"([^\"]+)\"").matcher(asked);
		assertThat(state.find()).as(asked).isTrue();
		String answer = ",\"inputResponses\":{\"elicitation\":{\"action\":\"accept\"}},\"requestState\":\"";
		assertThat(callWithoutASession(answer + state.group(1) + "\"")).contains("user said");
		assertThat(callWithoutASession(answer + "forged\"")).contains("-32602");
	}

	private void runATask() throws IOException {
		try (Exchange call = ModernPost.call(client().user("ann"), "count", "{}")
			.field("clientCapabilities", "{\"extensions\":{\"io.modelcontextprotocol/tasks\":{}}}")
			.send()) {
			assertThat(call.body()).contains("taskId");
		}
		await().until(() -> endpoint().statistics().tasks() == 0);
	}

	private String callWithoutASession(String members) throws IOException {
		String params = "\"name\":\"elicit\",\"arguments\":{}" + members;
		try (Exchange call = new ModernPost(client().user("ann"), "tools/call", params).header("Mcp-Name", "elicit")
			.field("clientCapabilities", "{\"elicitation\":{}}")
			.send()) {
			return call.body();
		}
	}

	private void restore(RawMcpClient client) throws IOException {
		await().until(() -> endpoint().statistics().sessions() == 0);
		try (Exchange call = client.call(4, "count", "{}")) {
			assertThat(call.status()).isEqualTo(200);
		}
	}

	private EndpointObserver observer() {
		return (EndpointObserver) Proxy.newProxyInstance(getClass().getClassLoader(),
				new Class<?>[] { EndpointObserver.class }, (proxy, method, arguments) -> observed(proxy, method));
	}

	private Object observed(Object proxy, Method method) {
		if (method.getDeclaringClass() == Object.class) {
			return method.getName().equals("hashCode") ? System.identityHashCode(proxy) : "observer";
		}
		called("observer." + method.getName());
		return method.getReturnType().equals(void.class) ? null : new Resume() {

			@Override
			public void replayed(int messages) {
				called("resume.replayed");
			}

			@Override
			public void ended(ResumeOutcome outcome, Throwable failure) {
				called("resume.ended");
			}

		};
	}

	private void called(String what) {
		String thread = Thread.currentThread().getName();
		boolean inMailbox = StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE)
			.walk((frames) -> frames.anyMatch((frame) -> frame.getDeclaringClass() == Mailbox.class));
		this.called.add(what);
		if (inMailbox || thread.startsWith("mcp-persist-delivery") || thread.startsWith("mcp-persist-clock")) {
			this.wrong.add(what + (inMailbox ? " in a mailbox" : "") + " on " + thread.replaceAll("[0-9]", ""));
		}
	}

	/**
	 * What a notification says.
	 */
	private final class Data {

		@JsonValue
		String text() {
			called("notification.data");
			return "text";
		}

	}

}
