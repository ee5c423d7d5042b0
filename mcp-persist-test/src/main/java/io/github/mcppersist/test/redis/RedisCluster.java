package io.github.mcppersist.test.redis;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

import org.awaitility.Awaitility;

/**
 * A private Redis Cluster on loopback ports, each of whose nodes is a process of its own.
 */
public final class RedisCluster implements AutoCloseable {

	private static final int PRIMARIES = 3;

	private static final int SLOTS = 16_384;

	private static final Duration FORMATION_LIMIT = Duration.ofMinutes(2);

	private final List<RedisServer> nodes = new ArrayList<>();

	private final List<RedisServer> replicas = new ArrayList<>();

	private RedisCluster() {
	}

	/**
	 * Start three primaries, give each a third of the slots, and wait until all agree.
	 * @return the running cluster
	 */
	public static RedisCluster start() {
		return start(PRIMARIES);
	}

	/**
	 * Start primaries, give each the same share of the slots, and wait until all agree.
	 * @param primaries how many
	 * @return the running cluster
	 */
	public static RedisCluster start(int primaries) {
		return start(primaries, "15000");
	}

	private static RedisCluster start(int primaries, String nodeTimeout) {
		RedisCluster cluster = new RedisCluster();
		try {
			for (int i = 0; i < primaries; i++) {
				cluster.nodes.add(RedisServer.start("cluster-enabled yes", "cluster-node-timeout " + nodeTimeout));
			}
			cluster.form();
			return cluster;
		}
		catch (RuntimeException ex) {
			cluster.close();
			throw ex;
		}
	}

	/**
	 * Start three primaries each of which has a replica, which takes over if the primary
	 * is away for five seconds. With less, a busy machine loses nodes that are there.
	 * @return the running cluster
	 */
	public static RedisCluster startWithReplicas() {
		RedisCluster cluster = start(PRIMARIES, "5000");
		try {
			for (RedisServer node : cluster.nodes) {
				RedisServer replica = RedisServer.start("cluster-enabled yes", "cluster-node-timeout 5000");
				cluster.replicas.add(replica);
				replica.cli("CLUSTER", "MEET", "127.0.0.1", String.valueOf(node.port()));
				Awaitility.await()
					.atMost(FORMATION_LIMIT)
					.ignoreExceptionsInstanceOf(RedisServer.ErrorReply.class)
					.until(() -> "OK".equals(replica.cli("CLUSTER", "REPLICATE", id(node))));
				Awaitility.await().atMost(FORMATION_LIMIT).until(() -> "up".equals(replica.info("master_link_status")));
			}
			cluster.awaitFormed();
			return cluster;
		}
		catch (RuntimeException ex) {
			cluster.close();
			throw ex;
		}
	}

	/**
	 * Return the replica of a node.
	 * @param node the node
	 * @return the server that takes over for it
	 */
	public RedisServer replica(RedisServer node) {
		return this.replicas.get(this.nodes.indexOf(node));
	}

	private void form() {
		int primaries = this.nodes.size();
		for (int i = 0; i < primaries; i++) {
			// One by one: ADDSLOTSRANGE is there since Redis 7.0 only
			IntStream slots = IntStream.range(SLOTS * i / primaries, SLOTS * (i + 1) / primaries);
			this.nodes.get(i).cli(command(slots));
			this.nodes.get(i).cli("CLUSTER", "SET-CONFIG-EPOCH", String.valueOf(i + 1));
		}
		for (RedisServer node : this.nodes.subList(1, primaries)) {
			this.nodes.get(0).cli("CLUSTER", "MEET", "127.0.0.1", String.valueOf(node.port()));
		}
		awaitFormed();
	}

	/**
	 * Wait until all nodes agree, and hand on to each other what is published. They agree
	 * up to a second before that.
	 */
	private void awaitFormed() {
		Awaitility.await().atMost(FORMATION_LIMIT).until(() -> this.nodes.stream().allMatch(this::knowsAll));
		List<RedisServer> all = new ArrayList<>(this.nodes);
		all.addAll(this.replicas);
		for (RedisServer node : all) {
			try (RespClient client = new RespClient(node.port(), FORMATION_LIMIT)) {
				client.send("SUBSCRIBE", "formed");
				Set<Object> heard = new HashSet<>();
				Awaitility.await().atMost(FORMATION_LIMIT).until(() -> {
					all.forEach((each) -> each.cli("PUBLISH", "formed", String.valueOf(each.port())));
					heard.addAll(published(client));
					return heard.size() == all.size();
				});
			}
			catch (IOException ex) {
				throw new UncheckedIOException(ex);
			}
		}
	}

	private static List<Object> published(RespClient client) throws IOException {
		List<Object> published = new ArrayList<>();
		List<?> reply = (List<?>) client.send("PING");
		while (!reply.get(0).equals("pong")) {
			published.add(reply.get(2));
			reply = (List<?>) client.receive();
		}
		return published;
	}

	private static String[] command(IntStream slots) {
		List<String> command = new ArrayList<>(List.of("CLUSTER", "ADDSLOTS"));
		slots.mapToObj(String::valueOf).forEach(command::add);
		return command.toArray(String[]::new);
	}

	private boolean knowsAll(RedisServer node) {
		String info = (String) node.cli("CLUSTER", "INFO");
		return info.contains("cluster_state:ok") && info.contains("cluster_slots_assigned:" + SLOTS)
				&& info.contains("cluster_known_nodes:" + (this.nodes.size() + this.replicas.size()));
	}

	/**
	 * Return the primaries that there were at the start.
	 * @return the servers, in the order of their slots
	 */
	public List<RedisServer> nodes() {
		return List.copyOf(this.nodes);
	}

	/**
	 * Return the addresses, as {@code spring.data.redis.cluster.nodes} takes them.
	 * @return one {@code host:port} for each primary
	 */
	public List<String> addresses() {
		return this.nodes.stream().map((node) -> "127.0.0.1:" + node.port()).toList();
	}

	/**
	 * Return the primary that holds a key.
	 * @param key the key, there or not
	 * @return the primary that owns the key's slot
	 */
	public RedisServer owner(String key) {
		for (RedisServer node : this.nodes) {
			try {
				node.cli("TYPE", key);
				return node;
			}
			catch (RedisServer.ErrorReply ex) {
				if (!ex.getMessage().startsWith("MOVED")) {
					throw ex;
				}
			}
		}
		throw new IllegalStateException("No node owns the slot of " + key);
	}

	/**
	 * Move the slot of a key, with all that is in it, to another node, as resharding
	 * does. Clients learn of it by redirection only.
	 * @param key a key of the slot
	 * @return the node that owns the slot now
	 */
	public RedisServer moveSlot(String key) {
		RedisServer from = owner(key);
		RedisServer to = beginToMoveSlot(key);
		String slot = slot(key);
		for (Object stored : (List<?>) from.cli("CLUSTER", "GETKEYSINSLOT", slot, "1000")) {
			from.cli("MIGRATE", "127.0.0.1", String.valueOf(to.port()), (String) stored, "0", "60000");
		}
		List<RedisServer> told = new ArrayList<>(List.of(to, from));
		this.nodes.stream().filter((node) -> !told.contains(node)).forEach(told::add);
		told.forEach((node) -> node.cli("CLUSTER", "SETSLOT", slot, "NODE", id(to)));
		return to;
	}

	/**
	 * Begin to move the slot of a key, and leave it at that.
	 * @param key a key of the slot
	 * @return the node where the slot is to go
	 */
	public RedisServer beginToMoveSlot(String key) {
		RedisServer from = owner(key);
		RedisServer to = this.nodes.get((this.nodes.indexOf(from) + 1) % this.nodes.size());
		to.cli("CLUSTER", "SETSLOT", slot(key), "IMPORTING", id(from));
		from.cli("CLUSTER", "SETSLOT", slot(key), "MIGRATING", id(to));
		return to;
	}

	/**
	 * Let the slot of a key stay where it is.
	 * @param key a key of the slot
	 */
	public void keepSlot(String key) {
		this.nodes.forEach((node) -> node.cli("CLUSTER", "SETSLOT", slot(key), "STABLE"));
	}

	/**
	 * Return the number of the slot of a key.
	 * @param key the key
	 * @return the number
	 */
	public String slot(String key) {
		return String.valueOf(this.nodes.get(0).cli("CLUSTER", "KEYSLOT", key));
	}

	private static String id(RedisServer node) {
		return (String) node.cli("CLUSTER", "MYID");
	}

	/**
	 * Kill all nodes and replicas.
	 */
	public void kill() {
		this.nodes.forEach(RedisServer::kill);
		this.replicas.forEach(RedisServer::kill);
	}

	@Override
	public void close() {
		this.nodes.forEach(RedisServer::close);
		this.replicas.forEach(RedisServer::close);
	}

}
