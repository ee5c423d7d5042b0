package io.github.mcppersist.redis;

import java.net.SocketAddress;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;

import io.lettuce.core.ReadFrom;
import io.lettuce.core.RedisChannelHandler;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.RedisURI;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.masterreplica.MasterReplica;
import io.lettuce.core.masterreplica.StatefulRedisMasterReplicaConnection;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.data.redis.connection.RedisClusterConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/**
 * Connections of our own from the native client of the application's
 * {@link LettuceConnectionFactory}: one for commands and one for the subscription. They
 * go where the application's go, with its credentials, database, TLS and client name, but
 * always to the primary.
 * <p>
 * Connecting blocks, for as long as the application's time limits say, so it is done on
 * threads of our own. An attempt that hangs doesn't keep a later one from succeeding: the
 * first that gets through is used, the others are closed.
 */
final class LettuceLink implements RedisLink {

	private static final int MAX_ATTEMPTS = 3;

	private static final long PATIENCE = 2_000_000_000L;

	/**
	 * How long connecting may take, until Redis has let this node in. The application's
	 * time limit may be a minute, and so many attempts that hang would keep the one from
	 * beginning that gets through.
	 */
	private static final Duration CONNECT_LIMIT = Duration.ofNanos(MAX_ATTEMPTS * PATIENCE);

	private static final long RETRY_INTERVAL_MS = 500;

	private static final long REFUSED_INTERVAL_MS = 2000;

	private static final long TRIAL_LIMIT_MS = 1000;

	/**
	 * How long the reason of an attempt to connect is that of calls.
	 */
	private static final long REASON_LIMIT = 10_000_000_000L;

	private static final long RETIREMENT_MS = 2000;

	private static final long CLOSE_TIMEOUT_MS = 1000;

	private static final Logger logger = LoggerFactory.getLogger(LettuceLink.class);

	private final LettuceConnectionFactory factory;

	private final String address;

	private final ThreadPoolExecutor connector;

	private final LinkErrors errors = new LinkErrors();

	/**
	 * What is to be sent as soon as there is a connection. Redis may be away for long: a
	 * call that is given up leaves nothing here.
	 */
	private final Queue<Unsent<?>> unsent = new ConcurrentLinkedQueue<>();

	private volatile @Nullable Connection current;

	private final Set<Connection> retired = ConcurrentHashMap.newKeySet();

	/**
	 * Why the last attempt to connect failed, until one succeeds.
	 */
	private volatile @Nullable ConnectFailure connectFailure;

	/**
	 * When an attempt to connect last succeeded, ours or the driver's own.
	 */
	private volatile long connectedNanos = System.nanoTime();

	private int attempts;

	private long lastAttempt;

	private final RetryPause pause = new RetryPause();

	/**
	 * Between attempts to subscribe, until one succeeds. Guarded by itself.
	 */
	private final RetryPause subscriptionPause = new RetryPause();

	private long notBefore = System.nanoTime();

	private long generation;

	private volatile boolean closed;

	private volatile List<String> channels = List.of();

	private volatile @Nullable Subscriber subscriber;

	LettuceLink(LettuceConnectionFactory factory) {
		this.factory = factory;
		this.address = RedisAddress.of(factory);
		this.connector = new ThreadPoolExecutor(0, MAX_ATTEMPTS + 1, 5, TimeUnit.SECONDS, new SynchronousQueue<>(),
				DaemonThreads.named("mcp-persist-connect"));
	}

	@Override
	public CompletableFuture<List<Object>> eval(LuaScript script, boolean withBody, byte[][] keys, byte[][] arguments) {
		return send((commands) -> withBody ? commands.eval(script.body(), ScriptOutputType.MULTI, keys, arguments)
				: commands.evalsha(script.digest(), ScriptOutputType.MULTI, keys, arguments));
	}

	@Override
	public CompletableFuture<List<byte[]>> range(byte[] key, long first, long last) {
		return send((commands) -> commands.lrange(key, first, last));
	}

	@Override
	public CompletableFuture<Long> unlink(byte[][] keys) {
		return send((commands) -> commands.unlink(keys));
	}

	@Override
	public CompletableFuture<Long> publish(byte[] channel, byte[] message) {
		CompletableFuture<Long> sent = send((commands) -> commands.publish(channel, message));
		return RedisLink.cancelling(sent.thenApply((receivers) -> countsReceivers() ? receivers : UNKNOWN), sent);
	}

	private boolean countsReceivers() {
		Connection connection = this.current;
		return connection != null && connection.flushing() != null;
	}

	private <T> CompletableFuture<T> send(
			Function<RedisClusterAsyncCommands<byte[], byte[]>, CompletionStage<T>> command) {
		Connection connection = this.current;
		if (connection != null) {
			CompletableFuture<T> answer = command.apply(connection.commands()).toCompletableFuture();
			connection.learnFrom(answer);
			return answer;
		}
		if (this.closed) {
			return CompletableFuture.failedFuture(closedException());
		}
		Unsent<T> later = new Unsent<>(command);
		this.unsent.add(later);
		later.answer().whenComplete((answer, failure) -> {
			if (later.isGivenUp()) {
				this.unsent.remove(later);
			}
		});
		reconnect(() -> true);
		Connection opened = this.current;
		if (opened != null) {
			sendUnsent(opened);
		}
		if (this.closed) {
			failUnsent();
		}
		return later.answer();
	}

	private void sendUnsent(Connection opened) {
		for (Unsent<?> next = this.unsent.poll(); next != null; next = this.unsent.poll()) {
			next.send(opened.commands());
		}
		opened.flush(false);
	}

	private void failUnsent() {
		for (Unsent<?> next = this.unsent.poll(); next != null; next = this.unsent.poll()) {
			next.answer().completeExceptionally(closedException());
		}
	}

	private static IllegalStateException closedException() {
		return new IllegalStateException("The event store is closed");
	}

	@Override
	public void flush(boolean busy) {
		Connection connection = this.current;
		if (connection != null) {
			connection.flush(busy);
		}
	}

	@Override
	public CompletableFuture<String> memoryPolicy() {
		CompletableFuture<String> info = send((commands) -> commands.info("memory"));
		flush(false);
		return info.thenApply(RedisLink::memoryPolicy);
	}

	@Override
	public boolean isCluster() {
		return this.factory.getClusterConfiguration() != null;
	}

	@Override
	public String server(byte[] key) {
		LettuceCluster cluster = cluster();
		return (cluster != null) ? cluster.server(key) : NO_SERVER;
	}

	@Override
	public Collection<String> servers() {
		LettuceCluster cluster = cluster();
		return (cluster != null) ? cluster.servers() : List.of(NO_SERVER);
	}

	private @Nullable LettuceCluster cluster() {
		Connection connection = this.current;
		return (connection != null) ? connection.cluster() : null;
	}

	@Override
	public String address(String server) {
		LettuceCluster cluster = cluster();
		String node = (cluster != null) ? cluster.address(server) : null;
		return (node != null) ? node + ", a node of " + this.address : this.address;
	}

	@Override
	public RedisFailure unanswered(String server, long millis) {
		Connection connection = this.current;
		ConnectFailure failure = this.connectFailure;
		// Why no other connection can be had is why there is no answer, though the
		// driver may be about to open it once more
		if (failure != null && (connection == null || System.nanoTime() - failure.at() < REASON_LIMIT)) {
			return RedisFailure.connecting(failure.cause(), this.address);
		}
		LettuceCluster cluster = cluster();
		if (cluster != null && cluster.isRefused(server)) {
			return RedisFailure.notAccepting(address(server));
		}
		return (connection != null) ? RedisFailure.timeout(millis, address(server))
				: RedisFailure.unconnected(millis, this.address);
	}

	@Override
	public void findReason(String server) {
		Connection connection = this.current;
		LettuceCluster cluster = cluster();
		if (cluster != null) {
			onConnector(cluster::findReason);
		}
		else if (connection == null || !connection.connection().isOpen()) {
			reconnect(() -> connection != null && !connection.connection().isOpen());
		}
	}

	@Override
	public void start(List<String> channels, Subscriber subscriber) {
		this.channels = channels;
		this.subscriber = subscriber;
		reconnect(() -> true);
	}

	@Override
	public void recover(String server, BooleanSupplier needed) {
		LettuceCluster cluster = cluster();
		if (cluster != null) {
			// Another connection would begin with the topology of this one, and those to
			// the other nodes work
			onConnector(() -> cluster.recover(server));
		}
		else {
			reconnect(needed);
		}
	}

	@Override
	public void lookElsewhere(LuaScript script, byte[][] keys, byte[][] arguments) {
		LettuceCluster cluster = cluster();
		if (cluster != null) {
			onConnector(cluster::look);
		}
		else {
			reconnect(() -> true, (opened) -> runs(opened, script, keys, arguments));
		}
	}

	private static boolean runs(Connection opened, LuaScript script, byte[][] keys, byte[][] arguments) {
		CompletableFuture<Object> reply = opened.commands()
			.eval(script.body(), ScriptOutputType.MULTI, keys, arguments)
			.toCompletableFuture();
		opened.flush(false);
		try {
			reply.get(TRIAL_LIMIT_MS, TimeUnit.MILLISECONDS);
			return true;
		}
		catch (ExecutionException | TimeoutException ex) {
			return false;
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			return false;
		}
	}

	private void reconnect(BooleanSupplier needed) {
		reconnect(needed, null);
	}

	/**
	 * Begin to connect, unless that was tried a moment ago.
	 * @param needed says whether another connection is still wanted
	 * @param trial says whether a new connection is better than the one in use, or
	 * {@code null} if any is
	 */
	private synchronized void reconnect(BooleanSupplier needed, @Nullable Predicate<Connection> trial) {
		long now = System.nanoTime();
		if (this.closed || this.attempts == MAX_ATTEMPTS || now - this.notBefore < 0
				|| (this.attempts > 0 && now - this.lastAttempt < PATIENCE)) {
			return;
		}
		long attempt = this.generation;
		if (onConnector(() -> connect(attempt, needed, trial))) {
			this.attempts++;
			this.lastAttempt = now;
		}
	}

	private void connect(long attempt, BooleanSupplier needed, @Nullable Predicate<Connection> trial) {
		long begunNanos = System.nanoTime();
		Connection opened = null;
		boolean fit = false;
		boolean denied = false;
		try {
			opened = open();
			// The time limit is kept by RedisCalls; one here costs a timer for each call.
			opened.connection().setTimeout(Duration.ZERO);
			connected();
			fit = trial == null || trial.test(opened);
		}
		catch (Throwable ex) {
			// Or nobody would count this attempt as ended
			this.errors.met(ex);
			logger.debug("Could not connect to Redis", ex);
			this.connectFailure = new ConnectFailure(ex, System.nanoTime());
			if (this.connectedNanos - begunNanos > 0) {
				// The driver has connected meanwhile
				this.connectFailure = null;
			}
			denied = trial == null && RedisFailure.of(ex, this.address).kind() == RedisFailure.Kind.NO_ACCESS;
		}
		Connection replaced = opened;
		boolean used = false;
		synchronized (this) {
			this.attempts--;
			putOff(opened != null);
			if (denied && attempt == this.generation && this.current != null && needed.getAsBoolean()) {
				// The driver would ask with the same password for ever, and without a
				// pause
				this.generation++;
				replaced = this.current;
				this.current = null;
			}
			if (opened != null && fit && attempt == this.generation && !this.closed
					&& (this.current == null || needed.getAsBoolean())) {
				this.generation++;
				replaced = this.current;
				this.current = opened;
				used = true;
			}
			if (this.current == null && !this.closed) {
				// Start-up doesn't need Redis, and readers want to be woken once it is
				// there.
				later(() -> reconnect(() -> true), Math.max(1, (this.notBefore - System.nanoTime()) / 1_000_000 + 1));
			}
		}
		if (replaced != null) {
			retire(replaced);
		}
		if (opened != null && used) {
			sendUnsent(opened);
			subscribe(opened);
		}
	}

	private void connected() {
		this.connectedNanos = System.nanoTime();
		this.connectFailure = null;
	}

	private void putOff(boolean connected) {
		long now = System.nanoTime();
		if (connected) {
			this.pause.reset();
			this.notBefore = now;
		}
		else {
			this.notBefore = now + this.pause.afterFailure();
		}
	}

	private Connection open() {
		RedisClusterConfiguration clusterNodes = this.factory.getClusterConfiguration();
		if (clusterNodes != null) {
			return open(clusterNodes);
		}
		RedisClient redisClient = (RedisClient) this.factory.getRequiredNativeClient();
		List<RedisURI> nodes = StaticNodes.of(this.factory);
		nodes.forEach((node) -> node.setTimeout(LettuceUris.atMost(node.getTimeout(), CONNECT_LIMIT)));
		if (!nodes.isEmpty()) {
			StatefulRedisMasterReplicaConnection<byte[], byte[]> connection = MasterReplica.connect(redisClient,
					ByteArrayCodec.INSTANCE, nodes);
			connection.setReadFrom(ReadFrom.UPSTREAM);
			// What is published on the primary arrives at its replicas, too, unless one
			// has lost it: each time begin behind the node of the last time
			Queue<RedisURI> order = new ConcurrentLinkedQueue<>(nodes);
			return new Connection(connection, connection.async(), null, null, () -> connectPubSub(redisClient, order),
					new AtomicReference<>());
		}
		RedisURI node = LettuceUris.of(redisClient, CONNECT_LIMIT);
		StatefulRedisConnection<byte[], byte[]> connection = (node != null)
				? redisClient.connect(ByteArrayCodec.INSTANCE, node) : redisClient.connect(ByteArrayCodec.INSTANCE);
		connection.addListener(new BreakListener());
		return new Connection(connection, connection.async(), LettuceFlush.of(connection), null, () -> (node != null)
				? redisClient.connectPubSub(StringCodec.UTF8, node) : redisClient.connectPubSub(StringCodec.UTF8),
				new AtomicReference<>());
	}

	private static StatefulRedisPubSubConnection<String, String> connectPubSub(RedisClient client,
			Queue<RedisURI> order) {
		RuntimeException failure = null;
		for (RedisURI node : List.copyOf(order)) {
			try {
				order.remove(node);
				order.add(node);
				return client.connectPubSub(StringCodec.UTF8, node);
			}
			catch (RuntimeException ex) {
				failure = ex;
			}
		}
		throw Objects.requireNonNull(failure);
	}

	private Connection open(RedisClusterConfiguration nodes) {
		LettuceCluster cluster = LettuceCluster.of(this.factory, nodes);
		try {
			StatefulRedisClusterConnection<byte[], byte[]> connection = cluster.connect(ByteArrayCodec.INSTANCE);
			cluster.onBreak(this::disconnected);
			return new Connection(connection, connection.async(), null, cluster, cluster::connectSubscription,
					new AtomicReference<>());
		}
		catch (Throwable ex) {
			cluster.end();
			throw ex;
		}
	}

	private void disconnected(String server) {
		Subscriber subscriber = this.subscriber;
		if (subscriber != null) {
			subscriber.disconnected(server);
		}
	}

	// Subscribe, beside a connection that is in use. Lettuce would keep the subscription
	// over reconnects, but doesn't tell whether it could.
	private void subscribe(Connection connection) {
		if (this.current != connection || connection.subscription().get() != null) {
			return;
		}
		StatefulRedisPubSubConnection<String, String> subscription = null;
		try {
			subscription = connection.connectPubSub().get();
			boolean first = connection.subscription().compareAndSet(null, subscription);
			if (!first || this.current != connection) {
				if (!first || connection.subscription().compareAndSet(subscription, null)) {
					subscription.closeAsync();
				}
				return;
			}
			subscription.addListener(new Listener());
			StatefulRedisPubSubConnection<String, String> asked = subscription;
			subscription.addListener(new RedisConnectionStateListener() {

				@Override
				public void onRedisDisconnected(RedisChannelHandler<?, ?> closed) {
					replace(connection, asked);
				}

			});
			subscription.async().subscribe(this.channels.toArray(String[]::new)).whenComplete((nothing, failure) -> {
				if (failure != null) {
					notSubscribed(connection, asked, failure);
				}
			});
			if (!subscription.isOpen()) {
				// Before anybody listened to that
				replace(connection, subscription);
			}
		}
		catch (Throwable ex) {
			this.errors.met(ex);
			logger.debug("Could not subscribe", ex);
			if (subscription != null) {
				connection.subscription().compareAndSet(subscription, null);
				subscription.closeAsync();
			}
			Subscriber subscriber = this.subscriber;
			if (subscriber != null) {
				subscriber.notSubscribed(RedisFailure.connecting(ex, this.address));
			}
			later(() -> resubscribe(connection), subscriptionPauseMillis());
		}
	}

	// The driver would open it once more by itself, but doesn't say why it can't, nor
	// that Redis doesn't let it subscribe any more
	private void replace(Connection connection, StatefulRedisPubSubConnection<String, String> closed) {
		if (this.current == connection && connection.subscription().compareAndSet(closed, null)) {
			closed.closeAsync();
			later(() -> resubscribe(connection), subscriptionPauseMillis());
		}
	}

	private long subscriptionPauseMillis() {
		synchronized (this.subscriptionPause) {
			return this.subscriptionPause.afterFailure() / 1_000_000;
		}
	}

	private void notSubscribed(Connection connection, StatefulRedisPubSubConnection<String, String> subscription,
			Throwable failure) {
		Subscriber subscriber = this.subscriber;
		if (subscriber != null) {
			subscriber.notSubscribed(RedisFailure.of(failure, this.address));
		}
		if (connection.subscription().compareAndSet(subscription, null)) {
			later(() -> resubscribe(connection), REFUSED_INTERVAL_MS);
			subscription.closeAsync();
		}
	}

	@Override
	public void resubscribe() {
		Connection connection = this.current;
		if (connection == null) {
			return;
		}
		StatefulRedisPubSubConnection<String, String> silent = connection.subscription().getAndSet(null);
		// Without one, an attempt to subscribe is under way.
		if (silent != null) {
			silent.closeAsync();
			resubscribe(connection);
		}
	}

	private void resubscribe(Connection connection) {
		// The threads may all hang in an attempt to connect. Nobody else would subscribe.
		if (this.current == connection && !onConnector(() -> subscribe(connection))) {
			later(() -> resubscribe(connection), RETRY_INTERVAL_MS);
		}
	}

	// Close a connection once the answers that are on their way have had time to arrive.
	private void retire(Connection connection) {
		this.retired.add(connection);
		later(() -> {
			this.retired.remove(connection);
			connection.close();
		}, RETIREMENT_MS);
	}

	private static void later(Runnable task, long millis) {
		CompletableFuture.delayedExecutor(millis, TimeUnit.MILLISECONDS, Runnable::run).execute(task);
	}

	private boolean onConnector(Runnable task) {
		try {
			this.connector.execute(task);
			return true;
		}
		catch (RejectedExecutionException ex) {
			// Closed, or more attempts hang than there is any use in.
			return false;
		}
		catch (Error ex) {
			// No further thread can be had
			this.errors.met(ex);
			return false;
		}
	}

	@Override
	public void close() {
		Connection last;
		synchronized (this) {
			this.closed = true;
			last = this.current;
			this.current = null;
		}
		failUnsent();
		this.connector.shutdownNow();
		this.retired.forEach(Connection::close);
		if (last != null) {
			last.close()
				.completeOnTimeout(null, CLOSE_TIMEOUT_MS, TimeUnit.MILLISECONDS)
				.exceptionally((ex) -> null)
				.join();
		}
	}

	/**
	 * What waits for a connection.
	 *
	 * @param <T> the type of the answer
	 */
	private static final class Unsent<T> {

		private final AtomicReference<@Nullable Function<RedisClusterAsyncCommands<byte[], byte[]>, CompletionStage<T>>> command;

		private final CompletableFuture<T> answer = new CompletableFuture<>();

		Unsent(Function<RedisClusterAsyncCommands<byte[], byte[]>, CompletionStage<T>> command) {
			this.command = new AtomicReference<>(command);
		}

		CompletableFuture<T> answer() {
			return this.answer;
		}

		boolean isGivenUp() {
			return this.command.getAndSet(null) != null;
		}

		void send(RedisClusterAsyncCommands<byte[], byte[]> commands) {
			Function<RedisClusterAsyncCommands<byte[], byte[]>, CompletionStage<T>> command = this.command
				.getAndSet(null);
			if (command == null || this.answer.isDone()) {
				return;
			}
			CompletableFuture<T> sent;
			try {
				sent = command.apply(commands).toCompletableFuture();
			}
			catch (RuntimeException ex) {
				sent = CompletableFuture.failedFuture(ex);
			}
			RedisLink.cancelling(this.answer, sent);
			sent.whenComplete((reply, failure) -> {
				if (failure != null) {
					this.answer.completeExceptionally(failure);
				}
				else {
					this.answer.complete(reply);
				}
			});
		}

	}

	private record ConnectFailure(Throwable cause, long at) {

	}

	private record Connection(StatefulConnection<byte[], byte[]> connection,
			RedisClusterAsyncCommands<byte[], byte[]> commands, @Nullable LettuceFlush flushing,
			@Nullable LettuceCluster cluster, Supplier<StatefulRedisPubSubConnection<String, String>> connectPubSub,
			AtomicReference<@Nullable StatefulRedisPubSubConnection<String, String>> subscription) {

		// A connection to several nodes flushes by itself: it may send a call on to
		// another one.
		void flush(boolean busy) {
			if (this.flushing != null) {
				this.flushing.flush(busy);
			}
		}

		void learnFrom(CompletionStage<?> answer) {
			if (this.flushing != null) {
				this.flushing.learnFrom(answer);
			}
		}

		CompletableFuture<Void> close() {
			LettuceCluster cluster = this.cluster;
			if (cluster != null) {
				return cluster.end();
			}
			StatefulRedisPubSubConnection<String, String> subscription = this.subscription.getAndSet(null);
			CompletableFuture<Void> closed = close(this.connection);
			return (subscription != null) ? CompletableFuture.allOf(closed, close(subscription)) : closed;
		}

		// Also one that isn't open: it waits for its next attempt to connect, and would
		// go on for ever
		private static CompletableFuture<Void> close(StatefulConnection<?, ?> connection) {
			try {
				return connection.closeAsync();
			}
			catch (RuntimeException ex) {
				// The application's factory stops before its beans are destroyed
				logger.debug("The driver had stopped already", ex);
				return CompletableFuture.completedFuture(null);
			}
		}

	}

	private final class BreakListener implements RedisConnectionStateListener {

		@Override
		public void onRedisConnected(RedisChannelHandler<?, ?> connection, SocketAddress peer) {
			// By the driver itself: why we could not was another outage's reason
			connected();
		}

		@Override
		public void onRedisDisconnected(RedisChannelHandler<?, ?> connection) {
			disconnected(NO_SERVER);
		}

	}

	private final class Listener extends RedisPubSubAdapter<String, String> {

		@Override
		public void subscribed(String channel, long count) {
			Subscriber subscriber = LettuceLink.this.subscriber;
			// Channels are confirmed one by one.
			if (subscriber != null && count >= LettuceLink.this.channels.size()) {
				synchronized (LettuceLink.this.subscriptionPause) {
					LettuceLink.this.subscriptionPause.reset();
				}
				subscriber.subscribed();
			}
		}

		@Override
		public void message(String channel, String message) {
			Subscriber subscriber = LettuceLink.this.subscriber;
			if (subscriber != null) {
				subscriber.published(message);
			}
		}

	}

}
