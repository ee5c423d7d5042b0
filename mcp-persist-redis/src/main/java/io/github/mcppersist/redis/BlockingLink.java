package io.github.mcppersist.redis;

import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingDeque;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.data.redis.connection.Message;
import org.springframework.data.redis.connection.MessageListener;
import org.springframework.data.redis.connection.RedisClusterConnection;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.ReturnType;
import org.springframework.data.redis.connection.Subscription;
import org.springframework.data.redis.connection.SubscriptionListener;
import org.springframework.util.ClassUtils;

/**
 * Connections of a driver that blocks, such as Jedis: a few threads for each server make
 * the calls, and one stays subscribed. So a server that hangs takes no thread away from
 * another, where the servers are known, see {@link JedisSlots}.
 */
final class BlockingLink implements RedisLink {

	private static final int THREADS = 8;

	private static final int QUEUE_CAPACITY = 10_000;

	private static final long LOOK_INTERVAL_MS = 500;

	/**
	 * How long a call may take for which nobody else keeps a time limit.
	 */
	private static final long LOOK_LIMIT_MS = 10_000;

	/**
	 * How soon an answer must follow to show that connections work while others can't be
	 * opened.
	 */
	private static final long PROOF_LIMIT = 2_000_000_000L;

	private static final int CLOSE_ATTEMPTS = 20;

	private static final long CLOSE_INTERVAL_MS = 50;

	private static final boolean JEDIS = ClassUtils.isPresent("redis.clients.jedis.UnifiedJedis",
			BlockingLink.class.getClassLoader());

	private static final Logger logger = LoggerFactory.getLogger(BlockingLink.class);

	private final RedisConnectionFactory factory;

	private final String address;

	/**
	 * How many calls to one server are made at once.
	 */
	private final int threads;

	/**
	 * By their names, {@link #NO_SERVER} among them.
	 */
	private final Map<String, Server> servers = new ConcurrentHashMap<>();

	/**
	 * Which server of a Cluster has which slot, as far as the driver says.
	 */
	private volatile @Nullable JedisSlots slots;

	private final LinkErrors errors = new LinkErrors();

	private final AtomicBoolean recovering = new AtomicBoolean();

	/**
	 * Whether it is being found out why a server doesn't answer. Guards the pause after
	 * it.
	 */
	private final AtomicBoolean finding = new AtomicBoolean();

	private final RetryPause findingPause = new RetryPause();

	private volatile long findNotBefore = System.nanoTime();

	private volatile @Nullable Subscriber listener;

	/**
	 * Guards whether there are too few connections, as far as it was told.
	 */
	private final Object telling = new Object();

	private boolean toldLack;

	/**
	 * Ends the subscription, since a driver may wait for Redis to confirm that. There is
	 * no use in ending it twice at once.
	 */
	private final ThreadPoolExecutor ender;

	/**
	 * Ends the subscription from another thread.
	 */
	private volatile @Nullable Runnable ending;

	/**
	 * Whether the last attempt to subscribe has succeeded.
	 */
	private volatile boolean subscribed;

	private volatile boolean closed;

	private @Nullable Thread subscriber;

	/**
	 * Only for that thread.
	 */
	private boolean warnedOfCluster;

	BlockingLink(RedisConnectionFactory factory) {
		this.factory = factory;
		this.address = RedisAddress.of(factory);
		this.threads = threads(factory);
		this.ender = new ThreadPoolExecutor(0, 1, 1, TimeUnit.SECONDS, new SynchronousQueue<>(),
				DaemonThreads.named("mcp-persist-unsubscribe"), new ThreadPoolExecutor.DiscardPolicy());
	}

	// The subscription holds one of the pool's. Who waits for what can't come may block
	// those that could go on
	private static int threads(RedisConnectionFactory factory) {
		int pool = JEDIS ? JedisSubscription.poolSize(factory) : -1;
		return (pool > 0) ? Math.max(1, Math.min(THREADS, pool - 1)) : THREADS;
	}

	@Override
	public void flush(boolean busy) {
		// A blocking call is sent when it is made
	}

	@Override
	public CompletableFuture<List<Object>> eval(LuaScript script, boolean withBody, byte[][] keys, byte[][] arguments) {
		byte[][] all = new byte[keys.length + arguments.length][];
		System.arraycopy(keys, 0, all, 0, keys.length);
		System.arraycopy(arguments, 0, all, keys.length, arguments.length);
		return call(keys[0],
				(connection) -> require(withBody
						? connection.scriptingCommands().eval(script.body(), ReturnType.MULTI, keys.length, all)
						: connection.scriptingCommands().evalSha(script.digest(), ReturnType.MULTI, keys.length, all)));
	}

	@Override
	public CompletableFuture<List<byte[]>> range(byte[] key, long first, long last) {
		return call(key, (connection) -> require(connection.listCommands().lRange(key, first, last)));
	}

	@Override
	public CompletableFuture<Long> unlink(byte[][] keys) {
		return call(keys[0], (connection) -> require(connection.keyCommands().unlink(keys)));
	}

	@Override
	public CompletableFuture<Long> publish(byte[] channel, byte[] message) {
		return call(channel, (connection) -> {
			JedisSlots slots = this.slots;
			if (slots == null && isCluster()) {
				// It hasn't been asked for the servers yet
				slots = JedisSlots.of(connection);
			}
			if (slots != null) {
				slots.publish(channel, message);
				return UNKNOWN;
			}
			Long receivers = require(connection.publish(channel, message));
			return (connection instanceof RedisClusterConnection) ? UNKNOWN : receivers;
		});
	}

	private <T> CompletableFuture<T> call(byte[] key, Function<RedisConnection, T> command) {
		return call(known(server(key)), command);
	}

	private <T> CompletableFuture<T> call(Server server, Function<RedisConnection, T> command) {
		CompletableFuture<T> answer = new CompletableFuture<>();
		execute(server, command, answer, server.answers.get());
		return answer;
	}

	private <T> void execute(Server server, Function<RedisConnection, T> command, CompletableFuture<T> answer,
			long answersBefore) {
		Runnable task = () -> {
			if (!answer.isDone()) {
				run(server, command, answer, answersBefore);
			}
		};
		try {
			server.executor.execute(task);
			answer.whenComplete((reply, failure) -> {
				if (answer.isCancelled()) {
					server.waiting.removeLastOccurrence(task);
				}
			});
		}
		catch (RejectedExecutionException ex) {
			answer.completeExceptionally(new IllegalStateException("Too many calls wait for a connection to Redis"));
		}
	}

	private <T> void run(Server server, Function<RedisConnection, T> command, CompletableFuture<T> answer,
			long answersBefore) {
		Attempt attempt = new Attempt();
		// Nobody needs what it waits for any more, and others need the thread
		answer.whenComplete((unused, givenUp) -> attempt.giveUp());
		server.connections.begin();
		long begunAt = System.nanoTime();
		Throwable failure = null;
		T reply = null;
		try {
			reply = apply(command, answer::isDone);
		}
		catch (Throwable ex) {
			failure = ex;
		}
		attempt.end();
		if (reply != null) {
			server.answered(begunAt);
		}
		int others = server.connections.end();
		if (reply != null) {
			answer.complete(reply);
		}
		else if (failure != null) {
			long answers = server.answers.get();
			RedisFailure reason = RedisFailure.of(failure, server.address);
			// Those that there are have worked last, or are about to show whether they do
			if (reason.isLack() && server.lastFailure == null && (answers != answersBefore || others > 0)) {
				server.lack(reason);
				execute(server, command, answer, answers);
			}
			else {
				server.failed(reason, begunAt, answers == answersBefore);
				answer.completeExceptionally(failure);
			}
		}
	}

	private <T> T apply(Function<RedisConnection, T> command, BooleanSupplier givenUp) {
		try (RedisConnection connection = this.factory.getConnection()) {
			try {
				return command.apply(connection);
			}
			catch (RuntimeException ex) {
				// What nobody waits for any more must not come late
				if (givenUp.getAsBoolean() || !clearsPool(connection, ex)) {
					throw ex;
				}
			}
		}
		// One that is opened now shows whether Redis works. What was carried out already
		// is recognized, as where a driver sends it again by itself
		try (RedisConnection connection = this.factory.getConnection()) {
			return command.apply(connection);
		}
	}

	// Redis has closed a connection of the pool while nobody used it, and so most likely
	// all: each would make a call fail
	private boolean clearsPool(RedisConnection connection, Throwable failure) {
		return JEDIS && RedisFailure.of(failure, this.address).isBreak()
				&& JedisSubscription.clearPool(this.factory, connection);
	}

	private void tellLack(Server server, RedisFailure reason) {
		Subscriber listener = this.listener;
		synchronized (this.telling) {
			// Or it has gone, and nobody would tell the end of it
			if (listener != null && this.servers.containsValue(server)) {
				this.toldLack = true;
				listener.shortOfConnections(reason);
			}
		}
	}

	private void tellEndOfLack() {
		Subscriber listener = this.listener;
		synchronized (this.telling) {
			if (listener != null && this.toldLack
					&& this.servers.values().stream().noneMatch((server) -> server.connections.isShort())) {
				this.toldLack = false;
				listener.shortOfConnections(null);
			}
		}
	}

	private Server known(String server) {
		Server known = this.servers.get(server);
		return (known != null) ? known
				: this.servers.computeIfAbsent(server, (name) -> new Server(address(name), this.closed));
	}

	private static <T> T require(@Nullable T reply) {
		if (reply == null) {
			throw new IllegalStateException("The connection is in a transaction or a pipeline");
		}
		return reply;
	}

	@Override
	public String address(String server) {
		return server.equals(NO_SERVER) ? this.address : server + ", a node of " + this.address;
	}

	@Override
	public RedisFailure unanswered(String server, long millis) {
		return known(server).unanswered(millis);
	}

	@Override
	public void start(List<String> channels, Subscriber subscriber) {
		if (JEDIS && JedisSubscription.poolSize(this.factory) == 1) {
			logger.warn("The pool of connections to Redis at {} holds only one, and the subscription to what other "
					+ "instances say takes it for good: nothing is stored. Raise spring.data.redis.jedis.pool.max-active",
					this.address);
		}
		this.listener = subscriber;
		byte[][] names = channels.stream().map(RedisKeys::bytes).toArray(byte[][]::new);
		Thread thread = DaemonThreads.named("mcp-persist-subscription")
			.newThread(() -> staySubscribed(names, subscriber));
		this.subscriber = thread;
		thread.start();
	}

	private void staySubscribed(byte[][] channels, Subscriber subscriber) {
		RetryPause pause = new RetryPause();
		while (!this.closed) {
			this.subscribed = false;
			Attempt opening = new Attempt();
			this.ending = opening::giveUp;
			try (RedisConnection connection = this.factory.getConnection()) {
				warnOfCluster(connection);
				subscribe(connection, channels, new Noting(subscriber), opening);
			}
			catch (InterruptedException ex) {
				return;
			}
			catch (Throwable ex) {
				// Or this thread would end, and nobody would subscribe again
				this.errors.met(ex);
				logger.debug("The subscription ended", ex);
				subscriber.notSubscribed(RedisFailure.of(ex, this.address));
			}
			opening.end();
			if (this.subscribed) {
				pause.reset();
			}
			try {
				TimeUnit.NANOSECONDS.sleep(pause.afterFailure());
			}
			catch (InterruptedException ex) {
				return;
			}
		}
	}

	private void warnOfCluster(RedisConnection connection) {
		if (!this.warnedOfCluster && !isCluster() && connection instanceof RedisClusterConnection) {
			this.warnedOfCluster = true;
			logger.warn("Redis at {} is a Cluster, and its driver doesn't say where a call goes: while one primary is "
					+ "away, calls to the others wait as well, and health may not show it. With Lettuce or Jedis each "
					+ "is judged by itself", this.address);
		}
	}

	private void subscribe(RedisConnection connection, byte[][] channels, Subscriber subscriber, Attempt opening)
			throws InterruptedException {
		if (JEDIS && JedisSubscription.supports(connection)) {
			JedisSubscription.run(connection, channels, subscriber, (ending) -> {
				opening.end();
				this.ending = ending;
			});
			return;
		}
		opening.end();
		this.ending = () -> unsubscribe(connection);
		connection.subscribe(new Listener(subscriber), channels);
		// Some drivers block for as long as the subscription lasts, others don't.
		while (!this.closed && connection.isSubscribed()) {
			TimeUnit.MILLISECONDS.sleep(LOOK_INTERVAL_MS);
		}
	}

	private static void unsubscribe(RedisConnection connection) {
		Subscription subscription = connection.getSubscription();
		if (subscription != null && subscription.isAlive()) {
			subscription.unsubscribe();
		}
	}

	@Override
	public void resubscribe() {
		this.ender.execute(this::endSubscription);
	}

	@Override
	public CompletableFuture<String> memoryPolicy() {
		return call(known(NO_SERVER), (connection) -> {
			Properties memory = connection.serverCommands().info("memory");
			// Of a Cluster, with the node before each name
			return (memory != null) ? memory.stringPropertyNames()
				.stream()
				.filter((name) -> name.endsWith("maxmemory_policy"))
				.map(memory::getProperty)
				.findFirst()
				.orElse("") : "";
		}).orTimeout(LOOK_LIMIT_MS, TimeUnit.MILLISECONDS);
	}

	@Override
	public boolean isCluster() {
		return JEDIS && JedisSubscription.isCluster(this.factory);
	}

	@Override
	public String server(byte[] key) {
		JedisSlots slots = this.slots;
		return (slots != null) ? slots.server(key) : NO_SERVER;
	}

	@Override
	public Collection<String> servers() {
		JedisSlots slots = slots();
		this.slots = slots;
		Collection<String> servers = (slots != null) ? slots.servers() : List.of(NO_SERVER);
		// What waits for one that has gone is still called, or given up
		this.servers.keySet().removeIf((server) -> !server.equals(NO_SERVER) && !servers.contains(server));
		this.servers.values().forEach(Server::rest);
		tellEndOfLack();
		return servers;
	}

	private @Nullable JedisSlots slots() {
		if (!isCluster()) {
			return null;
		}
		try (RedisConnection connection = this.factory.getConnection()) {
			return JedisSlots.of(connection);
		}
		catch (RuntimeException ex) {
			logger.debug("The driver doesn't say yet where slots are", ex);
			return null;
		}
	}

	@Override
	public void findReason(String server) {
		JedisSlots slots = this.slots;
		if (slots == null && JEDIS && JedisSubscription.isJedis(this.factory)) {
			// Its calls fail as soon as it is known why
			return;
		}
		if (System.nanoTime() - this.findNotBefore < 0 || !this.finding.compareAndSet(false, true)) {
			return;
		}
		try {
			known(NO_SERVER).executor.execute(() -> findReason(known(server), () -> reach(slots, server)));
		}
		catch (RejectedExecutionException ex) {
			this.finding.set(false);
		}
	}

	// A driver that asks several times takes longer than a call waits, and then tells
	// nobody why
	private void findReason(Server server, Callable<@Nullable Void> reach) {
		Attempt attempt = new Attempt();
		CompletableFuture.delayedExecutor(LOOK_LIMIT_MS, TimeUnit.MILLISECONDS).execute(attempt::giveUp);
		long begunAt = System.nanoTime();
		Throwable failure = null;
		try {
			reach.call();
		}
		catch (Throwable ex) {
			failure = ex;
		}
		attempt.end();
		try {
			if (failure != null) {
				server.failed(RedisFailure.of(failure, server.address), begunAt, false);
			}
			else {
				this.findingPause.reset();
			}
		}
		finally {
			// After a success as well: of a server that is slow one more tells no more
			this.findNotBefore = System.nanoTime() + this.findingPause.afterFailure();
			this.finding.set(false);
		}
	}

	private @Nullable Void reach(@Nullable JedisSlots slots, String server) throws Exception {
		if (slots != null) {
			slots.connect(server);
			return null;
		}
		try (RedisConnection connection = this.factory.getConnection()) {
			connection.ping();
		}
		return null;
	}

	@Override
	public void recover(String server, BooleanSupplier needed) {
		look(needed);
	}

	private void look(BooleanSupplier needed) {
		// The factory opens a connection for a call if there is none. Where slots are, it
		// learns from calls that fail, and those may wait for each other
		JedisSlots slots = this.slots;
		if (slots != null && this.recovering.compareAndSet(false, true)) {
			call(known(NO_SERVER), (connection) -> {
				if (needed.getAsBoolean()) {
					slots.look();
				}
				return slots;
			}).orTimeout(LOOK_LIMIT_MS, TimeUnit.MILLISECONDS).whenComplete((looked, failure) -> {
				this.recovering.set(false);
				if (failure != null) {
					logger.debug("The driver can't find out where slots are", failure);
				}
			});
		}
	}

	@Override
	public void lookElsewhere(LuaScript script, byte[][] keys, byte[][] arguments) {
		if (isCluster()) {
			look(() -> true);
		}
		else if (JEDIS) {
			// The pool's connections may be to a primary that isn't one any more
			call(keys[0], (connection) -> JedisSubscription.clearPool(this.factory, connection))
				.orTimeout(LOOK_LIMIT_MS, TimeUnit.MILLISECONDS);
		}
	}

	@Override
	public void close() {
		this.closed = true;
		this.servers.values().forEach((server) -> server.executor.shutdownNow());
		Thread thread = this.subscriber;
		if (thread == null) {
			return;
		}
		try {
			// Once isn't enough if the thread is just about to subscribe.
			for (int i = 0; i < CLOSE_ATTEMPTS && thread.isAlive(); i++) {
				this.ender.execute(this::endSubscription);
				thread.interrupt();
				thread.join(CLOSE_INTERVAL_MS);
			}
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
		finally {
			this.ender.shutdownNow();
		}
	}

	private void endSubscription() {
		Runnable ending = this.ending;
		if (ending == null) {
			return;
		}
		try {
			ending.run();
		}
		catch (RuntimeException ex) {
			logger.debug("The subscription was gone already", ex);
		}
	}

	/**
	 * What makes the calls to one server.
	 */
	private final class Server {

		private final String address;

		private final LatestFirst waiting = new LatestFirst();

		private final ThreadPoolExecutor executor;

		private final ConnectionLimit connections = new ConnectionLimit(BlockingLink.this.threads, System::nanoTime);

		/**
		 * How many calls were answered.
		 */
		private final AtomicLong answers = new AtomicLong();

		/**
		 * Why it wasn't reached by the last call, until another is answered. It may have
		 * taken longer to find out than the call had.
		 */
		private volatile @Nullable RedisFailure lastFailure;

		/**
		 * That no further connection could be opened, until an answer shows that those
		 * there are work, and so that it is no outage.
		 */
		private volatile @Nullable Lack unproven;

		Server(String address, boolean closed) {
			this.address = address;
			this.executor = new ThreadPoolExecutor(BlockingLink.this.threads, BlockingLink.this.threads, 10,
					TimeUnit.SECONDS, this.waiting, DaemonThreads.named("mcp-persist-redis-call"));
			this.executor.allowCoreThreadTimeOut(true);
			if (closed) {
				this.executor.shutdown();
			}
		}

		// Drivers connect when they are asked for a connection, or only for its first
		// command
		void failed(RedisFailure reason, long begunAt, boolean isSilent) {
			if (reason.kind() != RedisFailure.Kind.CONNECTION && reason.kind() != RedisFailure.Kind.NO_ACCESS) {
				answered(begunAt);
				return;
			}
			if (!reason.isGivenUp()) {
				this.lastFailure = reason;
			}
			if (isSilent) {
				// It is away: how many connections it had says nothing of those to come
				this.unproven = null;
				this.connections.reset();
				applyLimit();
				tellEndOfLack();
			}
		}

		void answered(long begunAt) {
			this.answers.incrementAndGet();
			this.lastFailure = null;
			Lack unproven = this.unproven;
			if (unproven != null && begunAt - unproven.at() >= 0) {
				this.unproven = null;
				if (begunAt - unproven.at() < PROOF_LIMIT) {
					tellLack(this, unproven.reason());
				}
			}
			if (this.connections.grow(isAwaited())) {
				applyLimit();
				tellEndOfLack();
			}
		}

		private boolean isAwaited() {
			return !this.executor.getQueue().isEmpty();
		}

		void lack(RedisFailure reason) {
			this.connections.lack();
			applyLimit();
			this.unproven = new Lack(reason.ofFurtherConnections(this.address), System.nanoTime());
		}

		void rest() {
			if (this.connections.rest(isAwaited())) {
				applyLimit();
			}
		}

		private synchronized void applyLimit() {
			int limit = this.connections.limit();
			if (limit > this.executor.getMaximumPoolSize()) {
				this.executor.setMaximumPoolSize(limit);
				this.executor.setCorePoolSize(limit);
			}
			else {
				this.executor.setCorePoolSize(limit);
				this.executor.setMaximumPoolSize(limit);
			}
		}

		RedisFailure unanswered(long millis) {
			RedisFailure failure = this.lastFailure;
			if (failure != null) {
				return failure;
			}
			return (this.answers.get() > 0) ? RedisFailure.timeout(millis, this.address)
					: RedisFailure.unconnected(millis, this.address);
		}

	}

	private record Lack(RedisFailure reason, long at) {

	}

	/**
	 * The calls that wait for a thread. Where more come than can be made, as after an
	 * outage of a Redis that is far away, those that have waited longest would each get
	 * their turn when their time is nearly up, and none would be answered in time.
	 */
	private static final class LatestFirst extends LinkedBlockingDeque<Runnable> {

		LatestFirst() {
			super(QUEUE_CAPACITY);
		}

		@Override
		public boolean offer(Runnable call) {
			return offerFirst(call);
		}

	}

	private final class Noting implements Subscriber {

		private final Subscriber subscriber;

		Noting(Subscriber subscriber) {
			this.subscriber = subscriber;
		}

		@Override
		public void subscribed() {
			BlockingLink.this.subscribed = true;
			this.subscriber.subscribed();
		}

		@Override
		public void disconnected(String server) {
			this.subscriber.disconnected(server);
		}

		@Override
		public void notSubscribed(RedisFailure reason) {
			this.subscriber.notSubscribed(reason);
		}

		@Override
		public void shortOfConnections(@Nullable RedisFailure reason) {
			this.subscriber.shortOfConnections(reason);
		}

		@Override
		public void published(String message) {
			this.subscriber.published(message);
		}

	}

	private record Listener(Subscriber subscriber) implements MessageListener, SubscriptionListener {

		@Override
		public void onMessage(Message message, byte @Nullable [] pattern) {
			this.subscriber.published(new String(message.getBody(), StandardCharsets.UTF_8));
		}

		@Override
		public void onChannelSubscribed(byte[] channel, long count) {
			// Once for each channel, since drivers count differently
			this.subscriber.subscribed();
		}

	}

}
