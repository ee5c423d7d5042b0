package io.github.mcppersist.stream;

import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiFunction;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventPage;
import io.github.mcppersist.event.Hint;
import io.github.mcppersist.event.RequestId;
import io.github.mcppersist.event.RequestIds;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.node.NodeRegistry;
import io.github.mcppersist.observe.ConnectionKind;
import io.github.mcppersist.observe.ObservedEventStore;
import io.github.mcppersist.observe.Observers;
import io.github.mcppersist.payload.PayloadCodec;
import io.github.mcppersist.payload.Payloads;

/**
 * Streams on threads and a store that a test has in its hands.
 */
final class TestStreams {

	static final RequestId REQUEST_ID = new RequestId("1");

	private static final String SESSION = "XRrR0H5RTwydOR8qil9sEQ";

	private final ManualThreads threads = new ManualThreads();

	private final GatedEventStore store = new GatedEventStore();

	private final StreamContext context;

	/**
	 * Create streams of a node on its own.
	 * @param maxConnectionBytes as the option
	 * @param maxUnstoredBytes as the option
	 */
	TestStreams(int maxConnectionBytes, int maxUnstoredBytes) {
		this(maxConnectionBytes, maxUnstoredBytes, false, NodeRegistry.single());
	}

	private TestStreams(int maxConnectionBytes, int maxUnstoredBytes, boolean unstoredRefused, NodeRegistry nodes) {
		StreamSettings settings = new StreamSettings(maxConnectionBytes, maxUnstoredBytes, Duration.ofSeconds(15), null,
				Duration.ofSeconds(30), unstoredRefused);
		Observers nobody = new Observers(List.of(), Runnable::run);
		this.context = new StreamContext(new ObservedEventStore(this.store, nobody, this.threads.delivery()), nodes,
				Proxy.isProxyClass(nodes.getClass()), settings, nobody, this.threads, () -> "test",
				new Payloads(PayloadCodec.none(), (place, failure) -> {
				}));
	}

	/**
	 * Create streams of a node on its own that refuses what isn't stored.
	 * @return the streams
	 */
	static TestStreams refusingUnstored() {
		return new TestStreams(64 * 1024, 8 * 1024 * 1024, true, NodeRegistry.single());
	}

	/**
	 * Create streams of a node that isn't alone.
	 * @param told gets what all other nodes are told
	 * @return the streams
	 */
	static TestStreams telling(Consumer<String> told) {
		return among(registry((method, arguments) -> method.equals("broadcast")
				? Mono.fromRunnable(() -> told.accept((String) arguments[0])) : null));
	}

	/**
	 * Create streams of a node that isn't alone.
	 * @param nodes a {@linkplain #registry registry} of its own
	 * @return the streams
	 */
	static TestStreams among(NodeRegistry nodes) {
		return new TestStreams(64 * 1024, 8 * 1024 * 1024, false, nodes);
	}

	/**
	 * Create a registry.
	 * @param answers what it answers, by the name of the method and its arguments, or
	 * {@code null} for what the registry of a node on its own does
	 * @return the registry
	 */
	static NodeRegistry registry(BiFunction<String, Object[], @Nullable Object> answers) {
		NodeRegistry single = NodeRegistry.single();
		return (NodeRegistry) Proxy.newProxyInstance(TestStreams.class.getClassLoader(),
				new Class<?>[] { NodeRegistry.class }, (proxy, method, arguments) -> {
					Object answer = answers.apply(method.getName(), arguments);
					return (answer != null) ? answer : method.invoke(single, arguments);
				});
	}

	ManualThreads threads() {
		return this.threads;
	}

	GatedEventStore store() {
		return this.store;
	}

	StreamContext context() {
		return this.context;
	}

	/**
	 * Create the writer of a standalone stream.
	 * @param first whether its session begins, and isn't restored
	 * @return the writer
	 */
	StandaloneLog standalone(boolean first) {
		return new StandaloneLog(this.context, new StreamKey(SESSION, "0"), null, first);
	}

	/**
	 * Create the writer of the standalone stream of another session, which begins.
	 * @param sessionId the session
	 * @return the writer
	 */
	StandaloneLog standalone(String sessionId) {
		return new StandaloneLog(this.context, new StreamKey(sessionId, "0"), null, true);
	}

	RequestLog request() {
		return new RequestLog(this.context, new StreamKey(SESSION, "request"), RequestIds.of(REQUEST_ID), () -> {
		});
	}

	/**
	 * Create the writer of another request's stream.
	 * @param streamId the stream
	 * @param ended gets it when it has ended
	 * @return the writer
	 */
	RequestLog request(String streamId, List<RequestLog> ended) {
		AtomicReference<RequestLog> log = new AtomicReference<>();
		log.set(new RequestLog(this.context, new StreamKey(SESSION, streamId), RequestIds.of(REQUEST_ID),
				() -> ended.add(log.get())));
		return log.get();
	}

	/**
	 * Create a connection that hasn't begun.
	 * @param stream the stream
	 * @param log its writer, if that is on this node
	 * @param mailbox the owner of its state
	 * @return the connection
	 */
	SseConnection connection(StreamKey stream, @Nullable StreamLog log, Mailbox mailbox) {
		return new SseConnection(this.context, ConnectionKind.STANDALONE, mailbox,
				new PageReader(this.context, stream, null), new Priming(), log, (gone) -> {
				});
	}

	StreamWatch watch(StreamKey stream, Mailbox mailbox, Consumer<Hint> onHint) {
		return new StreamWatch(this.context, stream, mailbox, onHint, () -> {
		});
	}

	/**
	 * Read all that is stored of a stream, past the gates.
	 * @param stream the stream
	 * @param after the event to read after, or {@code null}
	 * @return the page
	 */
	EventPage read(StreamKey stream, @Nullable EventId after) {
		EventPage page = this.store.behind().replayEventsAfter(stream, after, Integer.MAX_VALUE).block();
		if (page == null) {
			throw new IllegalStateException("There is always a page");
		}
		return page;
	}

	static byte[] bytes(String message) {
		return message.getBytes(StandardCharsets.UTF_8);
	}

	private static final class Priming implements ReconnectPolicy {

		@Override
		public boolean isPriming() {
			return true;
		}

		@Override
		public boolean comesBack() {
			return true;
		}

		@Override
		public @Nullable Duration retry() {
			return null;
		}

	}

}
