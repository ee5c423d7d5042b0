package io.github.mcppersist.redis;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.EventStoreRefusedException;
import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.event.StoreOutage;
import io.github.mcppersist.node.NodeRegistry;

/**
 * What the stores of one node share: its ID, the way to Redis, and what comes through the
 * node's channel. The first character of a message there says what kind it is.
 */
final class RedisNode implements RedisLink.Subscriber, AutoCloseable {

	/**
	 * A hint to look at a stream, see {@link StreamHint}.
	 */
	static final char HINT = 'h';

	/**
	 * A task has changed: its key and its revision, see {@link TaskWatches}.
	 */
	static final char TASK = 't';

	/**
	 * What this node sends to itself.
	 */
	static final char ECHO = 'e';

	/**
	 * A message of a node's: its ID, then the text.
	 */
	static final char MESSAGE = 'm';

	/**
	 * A node has left: its ID.
	 */
	static final char LEFT = 'l';

	/**
	 * How often to look which servers are to be probed.
	 */
	private static final Duration PROBE_INTERVAL = Duration.ofMillis(250);

	private static final Logger logger = LoggerFactory.getLogger(RedisEventStore.class);

	private final String id = NodeRegistry.randomNodeId();

	private final RedisKeys keys;

	private final byte[] channel;

	private final ScheduledExecutorService scheduler;

	private final RedisLink link;

	private final RedisCalls calls;

	private final SubscriptionCheck check;

	private final List<Listener> listeners = new CopyOnWriteArrayList<>();

	private final AtomicBoolean started = new AtomicBoolean();

	private final AtomicBoolean closed = new AtomicBoolean();

	RedisNode(RedisConnectionFactory connectionFactory, RedisKeys keys, Duration timeout, Duration echoInterval) {
		this.keys = keys;
		this.channel = RedisKeys.bytes(keys.channel(this.id));
		this.scheduler = Executors.newSingleThreadScheduledExecutor(DaemonThreads.named("mcp-persist-redis"));
		this.link = RedisLinks.of(connectionFactory);
		this.calls = new RedisCalls(this.link, this.scheduler, timeout.toNanos());
		this.check = new SubscriptionCheck(this::echo, this.link::resubscribe,
				() -> this.calls.health().refused(Operation.ECHO, RedisFailure.deaf(address())));
		every(echoInterval, this.check::run);
		every(PROBE_INTERVAL, new RedisProbe(this.link, this.calls, keys, this.channel));
	}

	/**
	 * Begin to connect. Listeners that are added later may miss something.
	 */
	void start() {
		this.link.start(List.of(this.keys.channel(this.id), this.keys.allNodes()), this);
	}

	/**
	 * Return the ID of this node.
	 * @return 11 characters out of {@code A-Z a-z 0-9}
	 */
	String id() {
		return this.id;
	}

	String address() {
		return this.link.address(RedisLink.NO_SERVER);
	}

	RedisKeys keys() {
		return this.keys;
	}

	/**
	 * Return the name of this node's channel, which ends in its ID.
	 * @return the name of the channel
	 */
	byte[] channel() {
		return this.channel;
	}

	@Nullable StoreOutage outage() {
		return this.calls.outage();
	}

	void listen(Listener listener) {
		this.listeners.add(listener);
	}

	void unlisten(Listener listener) {
		this.listeners.remove(listener);
	}

	void every(Duration interval, Runnable task) {
		long millis = interval.toMillis();
		this.scheduler.scheduleWithFixedDelay(() -> {
			try {
				task.run();
			}
			catch (Throwable ex) {
				// Or it would never run again, and nobody would know
				logger.warn("What is done from time to time has failed, and is tried again", ex);
			}
		}, millis, millis, TimeUnit.MILLISECONDS);
	}

	/**
	 * Do something later, once; not at all if the node is closed by then.
	 * @param delay when
	 * @param task what, which doesn't block
	 */
	void later(Duration delay, Runnable task) {
		try {
			this.scheduler.schedule(task, delay.toMillis(), TimeUnit.MILLISECONDS);
		}
		catch (RejectedExecutionException ex) {
			logger.trace("Closed", ex);
		}
	}

	/**
	 * Make a call, see {@link RedisCalls#call}.
	 * @param operation what is done
	 * @param key the key, or one of those in the same slot, or a channel
	 * @param bytes about how many bytes are sent or answered
	 * @param command sends the call
	 * @param callback gets the answer, or else why there is none
	 * @param <T> the type of the answer
	 */
	<T> void call(Operation operation, byte[] key, long bytes, RedisCalls.Command<T> command,
			BiConsumer<@Nullable T, @Nullable Throwable> callback) {
		this.calls.call(operation, key, bytes, command, callback);
	}

	/**
	 * Run a script that writes.
	 * @param script the script
	 * @param bytes about how many bytes are sent
	 * @param keys the keys, all in one slot
	 * @param arguments the arguments
	 * @param callback gets the reply, or else why there is none
	 */
	void write(LuaScript script, long bytes, byte[][] keys, byte[][] arguments,
			BiConsumer<@Nullable List<Object>, @Nullable Throwable> callback) {
		write(script, script.operation(), bytes, keys, arguments, callback);
	}

	/**
	 * Run a script that writes.
	 * @param script the script
	 * @param operation what is done with it
	 * @param bytes about how many bytes are sent
	 * @param keys the keys, all in one slot
	 * @param arguments the arguments
	 * @param callback gets the reply, or else why there is none
	 */
	void write(LuaScript script, Operation operation, long bytes, byte[][] keys, byte[][] arguments,
			BiConsumer<@Nullable List<Object>, @Nullable Throwable> callback) {
		this.<List<Object>>call(operation, keys[0], bytes,
				(link, withBody) -> link.eval(script, withBody, keys, arguments), callback);
	}

	/**
	 * Run a script that writes.
	 * @param script the script
	 * @param bytes about how many bytes are sent
	 * @param keys the keys, all in one slot
	 * @param arguments the arguments
	 * @return the reply
	 */
	Mono<List<Object>> write(LuaScript script, long bytes, byte[][] keys, byte[]... arguments) {
		return Mono.create((sink) -> write(script, bytes, keys, arguments, (reply, failure) -> {
			if (reply != null) {
				sink.success(reply);
			}
			else {
				sink.error(failed(failure));
			}
		}));
	}

	/**
	 * Run a script that only reads.
	 * @param script the script
	 * @param keys the keys, all in one slot
	 * @param arguments the arguments
	 * @return the reply
	 */
	Mono<List<Object>> read(LuaScript script, byte[][] keys, byte[]... arguments) {
		return Mono.create((sink) -> this.<List<Object>>call(script.operation(), keys[0], 0,
				(link, withBody) -> link.eval(script, withBody, keys, arguments), (reply, failure) -> {
					if (reply != null) {
						sink.success(reply);
					}
					else {
						sink.error(failed(failure));
					}
				}));
	}

	/**
	 * Publish a message.
	 * @param channel the channel
	 * @param message the message
	 * @return how many got it, or {@link RedisLink#UNKNOWN}
	 */
	Mono<Long> publish(String channel, String message) {
		byte[] to = RedisKeys.bytes(channel);
		byte[] bytes = RedisKeys.text(message);
		return Mono.create((sink) -> this.<Long>call(Operation.PUBLISH, to, bytes.length,
				(link, withBody) -> link.publish(to, bytes), (receivers, failure) -> {
					if (receivers != null) {
						sink.success((receivers == 0 && !this.check.countsReceivers()) ? RedisLink.UNKNOWN : receivers);
					}
					else {
						sink.error(failed(failure));
					}
				}));
	}

	private void echo() {
		byte[] message = { (byte) ECHO };
		this.<Long>call(Operation.PUBLISH, this.channel, 0, (link, withBody) -> link.publish(this.channel, message),
				(receivers, failure) -> {
					if (receivers != null) {
						this.check.sent(receivers);
					}
					else {
						this.check.failed();
					}
				});
	}

	@Override
	public void subscribed() {
		if (this.started.compareAndSet(false, true)) {
			lookAtMemoryPolicy();
		}
		this.check.subscribed();
		this.calls.health().subscribed();
		this.listeners.forEach((listener) -> guard(listener::subscribed));
	}

	private void lookAtMemoryPolicy() {
		this.link.memoryPolicy().whenComplete((policy, failure) -> {
			if (failure != null) {
				logger.debug("Redis doesn't tell its maxmemory-policy", failure);
			}
			else if (!policy.isEmpty() && !policy.equals("noeviction")) {
				logger.warn("The maxmemory-policy of Redis at {} is {}: when its memory is full it drops running "
						+ "requests, results, sessions and the marks of deleted ones without a word. Set noeviction",
						address(), policy);
			}
		});
	}

	@Override
	public void disconnected(String server) {
		this.calls.disconnected(server);
	}

	@Override
	public void notSubscribed(RedisFailure reason) {
		switch (reason.kind()) {
			case REFUSED, CALL_REFUSED, UNKNOWN -> this.calls.health().refused(Operation.SUBSCRIBE, reason);
			case CONNECTION, NO_ACCESS, WRITES_REFUSED, READ_ONLY, PASSING, SLOT, NOSCRIPT ->
				this.calls.health().unsubscribed(reason.ofSubscription());
		}
	}

	@Override
	public void shortOfConnections(@Nullable RedisFailure reason) {
		if (reason != null) {
			this.calls.health().refused(Operation.CONNECT, reason);
		}
		else {
			this.calls.health().done(Operation.CONNECT);
		}
	}

	@Override
	public void published(String message) {
		if (message.isEmpty()) {
			return;
		}
		char kind = message.charAt(0);
		if (kind == ECHO) {
			this.check.echoed();
			this.calls.health().done(Operation.ECHO);
			return;
		}
		String body = message.substring(1);
		this.listeners.forEach((listener) -> guard(() -> listener.published(kind, body)));
	}

	// The thread is the driver's, and has others to serve.
	private static void guard(Runnable step) {
		try {
			step.run();
		}
		catch (RuntimeException ex) {
			logger.warn("What came through the channel of this node could not be handled", ex);
		}
	}

	boolean isClosed() {
		return this.closed.get();
	}

	/**
	 * Stop the threads and close the connections. Calls under way fail.
	 */
	@Override
	public void close() {
		if (!this.closed.compareAndSet(false, true)) {
			return;
		}
		this.scheduler.shutdownNow();
		this.calls.close();
		this.listeners.forEach(Listener::closed);
		this.link.close();
		logger.debug("Closed");
	}

	/**
	 * Return why there is no answer, to those who can only ask again.
	 * @param failure the failure of a call
	 * @return the failure, which is never that Redis refuses it for good
	 */
	static Throwable failed(@Nullable Throwable failure) {
		return (failure instanceof EventStoreRefusedException)
				? new EventStoreUnavailableException(String.valueOf(failure.getMessage()), failure.getCause())
				: refused(failure);
	}

	/**
	 * Return why there is no answer, to those who can give up what was to be stored.
	 * @param failure the failure of a call
	 * @return the failure
	 */
	static Throwable refused(@Nullable Throwable failure) {
		return (failure != null) ? failure : new EventStoreUnavailableException("Redis gave no answer");
	}

	static byte[] number(long number) {
		return RedisKeys.bytes(Long.toString(number));
	}

	static int code(List<Object> reply) {
		return ((Long) reply.get(0)).intValue();
	}

	/**
	 * Is told what comes through the node's channel, on a thread of the driver.
	 */
	interface Listener {

		/**
		 * The subscription is new: what was published before it is lost.
		 */
		void subscribed();

		/**
		 * Something was published.
		 * @param kind what kind of message it is
		 * @param body the message without its first character
		 */
		void published(char kind, String body);

		/**
		 * The node was closed.
		 */
		void closed();

	}

}
