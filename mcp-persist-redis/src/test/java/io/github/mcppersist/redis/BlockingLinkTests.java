package io.github.mcppersist.redis;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.net.ConnectException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import org.apache.commons.pool2.impl.GenericObjectPoolConfig;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.data.redis.RedisConnectionFailureException;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.Subscription;
import org.springframework.data.redis.connection.jedis.JedisClientConfiguration;
import org.springframework.data.redis.connection.jedis.JedisConnectionFactory;
import redis.clients.jedis.Jedis;

import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.RedisServer;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests the link with a driver that waits when its subscription is to end.
 */
@Timeout(300)
@NeedsRedis
class BlockingLinkTests {

	private final CountDownLatch confirmed = new CountDownLatch(1);

	private final AtomicInteger unsubscribed = new AtomicInteger();

	private final AtomicInteger subscribed = new AtomicInteger();

	private final RedisLink.Subscriber subscriber = new RedisLink.Subscriber() {

		@Override
		public void subscribed() {
			BlockingLinkTests.this.subscribed.incrementAndGet();
		}

		@Override
		public void disconnected(String server) {
			// Nothing is sent again
		}

		@Override
		public void notSubscribed(RedisFailure reason) {
			// Tried again
		}

		@Override
		public void shortOfConnections(RedisFailure reason) {
			// There are enough
		}

		@Override
		public void published(String message) {
			// Nothing is
		}

	};

	@Test
	void endsItsSubscriptionWithoutHoldingUpTheCallerAndNeverTwiceAtOnce() throws Exception {
		try (RedisServer redis = RedisServer.start()) {
			RedisConnectionFactory factory = Driver.LETTUCE
				.open(new RedisStandaloneConfiguration("127.0.0.1", redis.port()));
			BlockingLink link = new BlockingLink(slow(factory));
			link.start(List.of("channel"), this.subscriber);
			awaitAtLeast(1, this.subscribed);

			link.resubscribe();
			awaitAtLeast(1, this.unsubscribed);
			link.resubscribe();

			assertThat(this.confirmed.getCount()).isOne();
			this.confirmed.countDown();
			awaitAtLeast(2, this.subscribed);
			assertThat(this.unsubscribed).hasValue(1);
			link.close();
			((DisposableBean) factory).destroy();
		}
	}

	@Test
	void asksLessOftenForASubscriptionTheLongerItFails() {
		List<Long> attempts = new CopyOnWriteArrayList<>();
		RedisConnectionFactory away = (RedisConnectionFactory) Proxy.newProxyInstance(getClass().getClassLoader(),
				new Class<?>[] { RedisConnectionFactory.class }, (proxy, called, arguments) -> {
					attempts.add(System.nanoTime());
					throw new RedisConnectionFailureException("Away");
				});
		BlockingLink link = new BlockingLink(away);

		link.start(List.of("channel"), this.subscriber);
		Awaitility.await().atMost(Duration.ofMinutes(1)).until(() -> attempts.size() >= 5);
		link.close();

		assertThat(Duration.ofNanos(attempts.get(4) - attempts.get(3))).isGreaterThan(Duration.ofMillis(740));
	}

	@Test
	void goesOnSubscribingWhateverErrorItMeets() {
		AtomicInteger attempts = new AtomicInteger();
		RedisConnectionFactory broken = (RedisConnectionFactory) Proxy.newProxyInstance(getClass().getClassLoader(),
				new Class<?>[] { RedisConnectionFactory.class }, (proxy, called, arguments) -> {
					attempts.incrementAndGet();
					throw new NoClassDefFoundError("org/example/Missing");
				});
		BlockingLink link = new BlockingLink(broken);

		link.start(List.of("channel"), this.subscriber);
		awaitAtLeast(3, attempts);
		assertThat(publish(link)).failsWithin(Duration.ofMinutes(1));
		link.close();
	}

	@Test
	void waitsNoLongerForAConnectionThanTheCallIsWanted() throws Exception {
		try (RedisServer redis = RedisServer.start(); RedisProxy network = RedisProxy.to(redis.port())) {
			JedisConnectionFactory factory = pooled(network, 2);
			BlockingLink link = new BlockingLink(factory);
			List<CompletableFuture<Void>> others = List.of(takeConnection(factory), takeConnection(factory));
			Awaitility.await().until(() -> redis.info("blocked_clients").equals("2"));
			CompletableFuture<Long> call = publish(link);
			Awaitility.await().until(BlockingLinkTests::waitsForAConnection);

			// Who gives a broken connection back opens one for those who wait, but only
			// once
			network.refuse();
			others.forEach((other) -> assertThat(other).failsWithin(Duration.ofMinutes(1)));
			network.pass();
			call.cancel(false);

			assertThat(publish(link)).succeedsWithin(Duration.ofSeconds(30));
			link.close();
			factory.destroy();
		}
	}

	@Test
	void leavesTheSubscriptionOneConnectionOfThePool() {
		try (RedisServer redis = RedisServer.start(); RedisProxy network = RedisProxy.to(redis.port())) {
			JedisConnectionFactory factory = pooled(network, 4);
			BlockingLink link = new BlockingLink(factory);
			network.stall();

			IntStream.range(0, 10).forEach((call) -> publish(link));

			Awaitility.await().until(() -> network.accepted() == 3);
			Awaitility.await().during(Duration.ofMillis(500)).until(() -> network.accepted() == 3);
			link.close();
			factory.destroy();
		}
	}

	@Test
	void keepsTheReasonThoughALaterCallIsGivenUpBeforeItFindsOne() {
		AtomicInteger attempts = new AtomicInteger();
		CountDownLatch givenUp = new CountDownLatch(1);
		RedisConnectionFactory away = (RedisConnectionFactory) Proxy.newProxyInstance(getClass().getClassLoader(),
				new Class<?>[] { RedisConnectionFactory.class }, (proxy, called, arguments) -> {
					if (attempts.incrementAndGet() > 1) {
						try {
							new CountDownLatch(1).await();
						}
						catch (InterruptedException ex) {
							givenUp.countDown();
							throw new RedisConnectionFailureException("Interrupted", ex);
						}
					}
					throw new RedisConnectionFailureException("Away", new ConnectException("Connection refused"));
				});
		BlockingLink link = new BlockingLink(away);
		assertThat(publish(link)).failsWithin(Duration.ofMinutes(1));

		CompletableFuture<Long> call = publish(link);
		awaitAtLeast(2, attempts);
		call.cancel(false);

		Awaitility.await().until(() -> givenUp.getCount() == 0);
		Awaitility.await()
			.during(Duration.ofMillis(300))
			.until(() -> link.unanswered(RedisLink.NO_SERVER, 500).message().contains("Nothing accepts"));
		link.close();
	}

	@Test
	void makesTheLatestCallFirstOfThoseThatWaitAndForgetsThoseThatAreGivenUp() {
		CountDownLatch gate = new CountDownLatch(1);
		RedisConnectionFactory slow = (RedisConnectionFactory) Proxy.newProxyInstance(getClass().getClassLoader(),
				new Class<?>[] { RedisConnectionFactory.class }, (proxy, called, arguments) -> {
					gate.await();
					throw new RedisConnectionFailureException("Away", new ConnectException("Connection refused"));
				});
		BlockingLink link = new BlockingLink(slow);
		IntStream.range(0, 8).forEach((call) -> publish(link));
		// As many as there is room for
		IntStream.range(0, 10_000).mapToObj((call) -> publish(link)).toList().forEach((call) -> call.cancel(false));
		List<Integer> made = Collections.synchronizedList(new ArrayList<>());
		for (int i = 0; i < 200; i++) {
			int number = i;
			publish(link).whenComplete((receivers, failure) -> made.add(number));
		}

		gate.countDown();

		Awaitility.await().until(() -> made.size() == 200);
		// Eight threads note what they have made
		assertThat(made.subList(0, 100)).filteredOn((number) -> number >= 100).hasSizeGreaterThan(80);
		link.close();
	}

	@Test
	void failsNoCallWhereRedisHasClosedWhatThePoolHolds() {
		try (RedisServer redis = RedisServer.start(); RedisProxy network = RedisProxy.to(redis.port())) {
			JedisConnectionFactory factory = pooled(network, 8);
			BlockingLink link = new BlockingLink(factory);
			fillPool(factory);

			redis.cli("CLIENT", "KILL", "TYPE", "normal");

			assertThat(publish(link)).succeedsWithin(Duration.ofSeconds(30));
			link.close();
			factory.destroy();
		}
	}

	private static void fillPool(JedisConnectionFactory factory) {
		List<RedisConnection> connections = IntStream.range(0, 7)
			.mapToObj((number) -> factory.getConnection())
			.toList();
		assertThat(connections).allSatisfy((connection) -> assertThat(connection.ping()).isEqualTo("PONG"));
		connections.forEach(RedisConnection::close);
	}

	private static CompletableFuture<Void> takeConnection(JedisConnectionFactory factory) {
		return CompletableFuture.runAsync(() -> {
			try (RedisConnection connection = factory.getConnection()) {
				connection.listCommands().bLPop(0, RedisKeys.bytes("nothing"));
			}
		}, (task) -> new Thread(task).start());
	}

	private static boolean waitsForAConnection() {
		return Thread.getAllStackTraces()
			.entrySet()
			.stream()
			.filter((thread) -> thread.getKey().getName().startsWith("mcp-persist-redis-call"))
			.flatMap((thread) -> Stream.of(thread.getValue()))
			.anyMatch((frame) -> frame.getMethodName().equals("takeFirst"));
	}

	private static CompletableFuture<Long> publish(BlockingLink link) {
		return link.publish(RedisKeys.bytes("channel"), RedisKeys.bytes("message"));
	}

	private static JedisConnectionFactory pooled(RedisProxy network, int connections) {
		GenericObjectPoolConfig<Jedis> pool = new GenericObjectPoolConfig<>();
		pool.setMaxTotal(connections);
		JedisConnectionFactory factory = new JedisConnectionFactory(
				new RedisStandaloneConfiguration("127.0.0.1", network.port()),
				JedisClientConfiguration.builder().usePooling().poolConfig(pool).build());
		factory.afterPropertiesSet();
		factory.start();
		return factory;
	}

	private static void awaitAtLeast(int expected, AtomicInteger number) {
		Awaitility.await().atMost(Duration.ofMinutes(1)).until(() -> number.get() >= expected);
	}

	private RedisConnectionFactory slow(RedisConnectionFactory factory) {
		return intercept(RedisConnectionFactory.class, factory, "getConnection",
				(connection) -> intercept(RedisConnection.class, connection, "getSubscription", this::slow));
	}

	private Object slow(Object subscription) {
		return intercept(Subscription.class, subscription, "isAlive", (alive) -> {
			this.unsubscribed.incrementAndGet();
			try {
				this.confirmed.await(60, TimeUnit.SECONDS);
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
			return alive;
		});
	}

	private static <T> T intercept(Class<T> type, Object target, String method, UnaryOperator<Object> change) {
		return type
			.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] { type }, (proxy, called, arguments) -> {
				try {
					Object result = called.invoke(target, arguments);
					return (called.getName().equals(method) && result != null) ? change.apply(result) : result;
				}
				catch (InvocationTargetException ex) {
					throw ex.getCause();
				}
			}));
	}

}
