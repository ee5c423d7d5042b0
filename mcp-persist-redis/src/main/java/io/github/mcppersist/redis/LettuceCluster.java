package io.github.mcppersist.redis;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Predicate;

import io.lettuce.core.AbstractRedisClient;
import io.lettuce.core.RedisChannelHandler;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.RedisURI;
import io.lettuce.core.StatefulRedisConnectionImpl;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.cluster.ClusterClientOptions;
import io.lettuce.core.cluster.ClusterTopologyRefreshOptions;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.SlotHash;
import io.lettuce.core.cluster.models.partitions.Partitions;
import io.lettuce.core.cluster.models.partitions.RedisClusterNode;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import io.lettuce.core.resource.ClientResources;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.data.redis.connection.RedisClusterConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/**
 * A client of our own for a Redis Cluster, with the settings and the threads of the
 * application's. It looks where slots have gone as soon as calls fail, and has short time
 * limits for that: with the application's, a node that is there and silent, as one is
 * whose host has gone, puts off each look by a minute.
 */
final class LettuceCluster extends RedisClusterClient {

	/**
	 * How long a look may wait for a node to connect, and then for its answer.
	 */
	private static final Duration LOOK_LIMIT = Duration.ofSeconds(1);

	/**
	 * How long it counts which nodes accepted connections: while calls fail, that is
	 * found out anew in less.
	 */
	private static final long KNOWLEDGE = 5_000_000_000L;

	private static final int DEFAULT_PORT = RedisURI.DEFAULT_REDIS_PORT;

	private static final Logger logger = LoggerFactory.getLogger(LettuceCluster.class);

	/**
	 * Whether nodes were reached at their addresses, and not, for instance, through a
	 * proxy that only the driver knows.
	 */
	private volatile boolean reachable;

	/**
	 * Which nodes accepted connections when that was last found out.
	 */
	private volatile @Nullable Accepting accepting;

	private final LookPace pace = new LookPace(System::nanoTime);

	/**
	 * Whether nobody has answered the last look.
	 */
	private volatile boolean unanswered;

	/**
	 * Subscribes. A client of the whole Cluster would try all nodes, and log each.
	 */
	private final RedisClient subscriber;

	/**
	 * Count looks at one node and subscriptions, each to take another node each time.
	 */
	private final AtomicInteger looks = new AtomicInteger(ThreadLocalRandom.current().nextInt(1 << 16));

	private final AtomicInteger subscriptions = new AtomicInteger(ThreadLocalRandom.current().nextInt(1 << 16));

	private LettuceCluster(ClientResources resources, Iterable<RedisURI> nodes) {
		super(resources, nodes);
		this.subscriber = RedisClient.create(resources);
	}

	static LettuceCluster of(LettuceConnectionFactory factory, RedisClusterConfiguration configuration) {
		AbstractRedisClient applications = factory.getRequiredNativeClient();
		List<RedisURI> nodes = configuration.getClusterNodes().stream().map((node) -> {
			RedisURI uri = LettuceUris.of(Objects.requireNonNull(node.getHost()), node.getPortOr(DEFAULT_PORT),
					configuration, 0, factory.getClientConfiguration());
			uri.setTimeout(LettuceUris.atMost(uri.getTimeout(), LOOK_LIMIT));
			return uri;
		}).toList();
		LettuceCluster cluster = new LettuceCluster(applications.getResources(), nodes);
		ClusterClientOptions options = options((ClusterClientOptions) applications.getOptions());
		cluster.setOptions(options);
		cluster.subscriber.setOptions(options);
		return cluster;
	}

	private static ClusterClientOptions options(ClusterClientOptions applications) {
		ClusterTopologyRefreshOptions refresh = applications.getTopologyRefreshOptions();
		Predicate<RedisClusterNode> alive = (node) -> !node.is(RedisClusterNode.NodeFlag.FAIL);
		ClusterTopologyRefreshOptions.Builder looks = ClusterTopologyRefreshOptions.builder()
			.dynamicRefreshSources(refresh.useDynamicRefreshSources())
			// Where calls fail we look ourselves, and one look is enough
			.enableAdaptiveRefreshTrigger(ClusterTopologyRefreshOptions.RefreshTrigger.MOVED_REDIRECT)
			.adaptiveRefreshTriggersTimeout(LOOK_LIMIT);
		if (refresh.isPeriodicRefreshEnabled()) {
			looks.enablePeriodicRefresh(refresh.getRefreshPeriod());
		}
		return applications.mutate()
			.socketOptions(applications.getSocketOptions()
				.mutate()
				.connectTimeout(LettuceUris.atMost(applications.getSocketOptions().getConnectTimeout(), LOOK_LIMIT))
				.build())
			// They are kept by RedisCalls; here they cost a timer for each call
			.timeoutOptions(TimeoutOptions.builder().timeoutCommands(false).build())
			// What nobody reaches isn't asked, and its connection ends
			.nodeFilter(alive.and(applications.getNodeFilter()))
			.topologyRefreshOptions(looks.build())
			.build();
	}

	/**
	 * Return the node that holds a key.
	 * @param key the key
	 * @return the node's ID, or {@link RedisLink#NO_SERVER} if none is known
	 */
	String server(byte[] key) {
		RedisClusterNode node = getPartitions().getMasterBySlot(SlotHash.getSlot(key));
		return (node != null) ? node.getNodeId() : RedisLink.NO_SERVER;
	}

	/**
	 * Return the nodes that hold keys.
	 * @return their IDs, and {@link RedisLink#NO_SERVER} if some slots have no node
	 */
	List<String> servers() {
		List<String> servers = new ArrayList<>();
		int slots = 0;
		for (RedisClusterNode node : getPartitions()) {
			if (node.is(RedisClusterNode.NodeFlag.UPSTREAM) && !node.hasNoSlots()) {
				servers.add(node.getNodeId());
				slots += node.getSlots().size();
			}
		}
		if (slots < SlotHash.SLOT_COUNT) {
			servers.add(RedisLink.NO_SERVER);
		}
		return servers;
	}

	@Nullable String address(String server) {
		RedisClusterNode node = getPartitions().getPartitionByNodeId(server);
		return (node != null) ? node.getUri().getHost() + ":" + node.getUri().getPort() : null;
	}

	/**
	 * Listen to connections for calls that break, whoever has ended them. Only once this
	 * is connected: the driver's threads mustn't wait for the first topology.
	 * @param listener is told the ID of the node, on a thread of the driver
	 */
	void onBreak(Consumer<String> listener) {
		this.reachable = !accepting().isEmpty();
		this.accepting = null;
		Map<RedisChannelHandler<?, ?>, SocketAddress> peers = new ConcurrentHashMap<>();
		addListener(new RedisConnectionStateListener() {

			@Override
			public void onRedisConnected(RedisChannelHandler<?, ?> connection, SocketAddress peer) {
				if (carriesCalls(connection)) {
					peers.put(connection, peer);
				}
			}

			@Override
			public void onRedisDisconnected(RedisChannelHandler<?, ?> connection) {
				if (peers.remove(connection) instanceof InetSocketAddress peer) {
					getPartitions().stream()
						.filter((node) -> isAt(node.getUri(), peer))
						.forEach((node) -> listener.accept(node.getNodeId()));
				}
			}

		});
	}

	// Subscriptions and looks at the topology, whose connections come and go, have texts
	private static boolean carriesCalls(RedisChannelHandler<?, ?> connection) {
		return connection instanceof StatefulRedisConnectionImpl<?, ?> one && one.getCodec() == ByteArrayCodec.INSTANCE;
	}

	private static boolean isAt(RedisURI node, InetSocketAddress peer) {
		InetAddress resolved = peer.getAddress();
		return node.getPort() == peer.getPort() && (node.getHost().equals(peer.getHostString())
				|| (resolved != null && node.getHost().equals(resolved.getHostAddress())));
	}

	/**
	 * Close the connection to a node, whether it is up, hangs, or waits for its next
	 * attempt. What waits there is sent again, to whoever holds the slot then. And
	 * {@linkplain #look() look} where the slots are. For a moment the node isn't known.
	 * @param server the node's ID
	 */
	void recover(String server) {
		Partitions partitions = getPartitions();
		RedisClusterNode node = partitions.getPartitionByNodeId(server);
		if (node != null) {
			partitions.remove(node);
			updatePartitionsInConnections();
			// A look may have brought it back meanwhile
			if (partitions.getPartitionByNodeId(server) == null) {
				partitions.add(node);
				partitions.updateCache();
			}
			updatePartitionsInConnections();
		}
		look();
	}

	/**
	 * Find out whether nodes accept connections, unless that was done just now. Blocks
	 * for a second at most.
	 */
	void findReason() {
		Accepting accepting = this.accepting;
		if (this.reachable && (accepting == null || System.nanoTime() - accepting.at() >= LOOK_LIMIT.toNanos())) {
			accepting();
		}
	}

	/**
	 * Say whether a node accepts no connections, as far as that is known.
	 * @param server the node's ID
	 * @return whether it was tried in vain
	 */
	boolean isRefused(String server) {
		RedisClusterNode node = getPartitions().getPartitionByNodeId(server);
		Accepting accepting = this.accepting;
		return node != null && this.reachable && accepting != null && System.nanoTime() - accepting.at() < KNOWLEDGE
				&& accepting.refusing().contains(node.getUri());
	}

	/**
	 * Look where the slots are, unless that was done just now. Blocks for a second at
	 * most.
	 */
	void look() {
		if (!this.pace.begins()) {
			return;
		}
		if (this.reachable && accepting().isEmpty()) {
			// A look would find nothing, and log that of each node
			this.pace.ended(false, false);
			return;
		}
		Set<String> before = topology();
		CompletionStage<Void> look;
		try {
			look = refreshPartitionsAsync();
		}
		catch (RuntimeException ex) {
			look = CompletableFuture.failedStage(ex);
		}
		look.whenComplete((nothing, failure) -> {
			this.pace.ended(failure == null, failure == null && !topology().equals(before));
			if (failure != null) {
				logger.debug("Could not look where the slots are", failure);
			}
		});
	}

	/**
	 * Also called by what triggers looks in the driver, of which Lettuce 7 has all by
	 * default.
	 */
	@Override
	public CompletionStage<Void> refreshPartitionsAsync() {
		List<RedisURI> asked = asked();
		return (asked != null && asked.isEmpty()) ? CompletableFuture.completedStage(null)
				: super.refreshPartitionsAsync().whenComplete((nothing, failure) -> this.unanswered = failure != null);
	}

	@Override
	protected Iterable<RedisURI> getTopologyRefreshSource() {
		List<RedisURI> asked = asked();
		return (asked != null) ? oneIfUnanswered(asked) : super.getTopologyRefreshSource();
	}

	/**
	 * Nodes that accept connections name those that don't, and a look that went on to
	 * these would log each.
	 */
	@Override
	protected boolean useDynamicRefreshSources() {
		return asked() == null && super.useDynamicRefreshSources();
	}

	// Where looks ask, or null if that is for the driver to say
	private @Nullable List<RedisURI> asked() {
		Accepting accepting = this.accepting;
		return (accepting != null && System.nanoTime() - accepting.at() < KNOWLEDGE) ? accepting.nodes() : null;
	}

	// As long as nobody answers, to ask one tells as much as to ask all
	private List<RedisURI> oneIfUnanswered(List<RedisURI> asked) {
		return (this.unanswered && asked.size() > 1) ? List.of(next(asked, this.looks)) : asked;
	}

	private static RedisURI next(List<RedisURI> nodes, AtomicInteger turns) {
		return nodes.get(Math.floorMod(turns.getAndIncrement(), nodes.size()));
	}

	/**
	 * Connect to a node for a subscription, each time to another one. What is published
	 * anywhere arrives at all.
	 * @return the connection
	 */
	StatefulRedisPubSubConnection<String, String> connectSubscription() {
		List<RedisURI> nodes = getPartitions().stream().map(RedisClusterNode::getUri).toList();
		return this.subscriber.connectPubSub(StringCodec.UTF8, next(nodes, this.subscriptions));
	}

	// Names of seeds may lead elsewhere by now
	private List<RedisURI> accepting() {
		List<RedisURI> known = new ArrayList<>();
		if (super.useDynamicRefreshSources()) {
			getPartitions().forEach((node) -> known.add(node.getUri()));
		}
		getInitialUris().forEach(known::add);
		Map<InetSocketAddress, RedisURI> nodes = new LinkedHashMap<>();
		for (RedisURI uri : known) {
			if (getResources().socketAddressResolver().resolve(uri) instanceof InetSocketAddress address) {
				nodes.putIfAbsent(address, uri);
			}
		}
		List<RedisURI> accepting = OpenPorts.of(nodes.keySet(), LOOK_LIMIT)
			.stream()
			.map((address) -> Objects.requireNonNull(nodes.get(address)))
			.toList();
		nodes.values().removeAll(accepting);
		this.accepting = new Accepting(accepting, Set.copyOf(nodes.values()), System.nanoTime());
		return accepting;
	}

	// In no order: a node whose connection is closed goes to the end
	private Set<String> topology() {
		Set<String> nodes = new HashSet<>();
		for (RedisClusterNode node : getPartitions()) {
			nodes.add(node.getNodeId() + node.getUri() + node.getFlags() + node.getSlots().size());
		}
		return nodes;
	}

	/**
	 * Close all connections, and leave the application's threads alone.
	 * @return completes when they are closed
	 */
	CompletableFuture<Void> end() {
		return CompletableFuture.allOf(this.subscriber.shutdownAsync(0, 1, TimeUnit.SECONDS),
				shutdownAsync(0, 1, TimeUnit.SECONDS));
	}

	private record Accepting(List<RedisURI> nodes, Set<RedisURI> refusing, long at) {

	}

}
