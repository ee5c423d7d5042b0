package io.github.mcppersist.redis;

import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;

import org.jspecify.annotations.Nullable;

/**
 * The way to Redis through one driver. No method blocks; a future that is cancelled isn't
 * sent any more, if there is still time. Futures end on a thread of the driver, or never:
 * the time limit is {@link RedisCalls}' concern.
 */
interface RedisLink {

	/**
	 * A number that isn't known.
	 */
	long UNKNOWN = -1;

	/**
	 * Where there is only one server at a time, it has this name.
	 */
	String NO_SERVER = "";

	/**
	 * Send the calls that this thread has made since the last time.
	 * @param busy whether many calls are under way, so that these may wait a moment for
	 * others to go with them
	 */
	void flush(boolean busy);

	/**
	 * Run a script.
	 * @param script the script
	 * @param withBody whether to send the script itself, because Redis doesn't know its
	 * digest
	 * @param keys the keys, all in one slot
	 * @param arguments the arguments
	 * @return the elements of the script's reply: {@link Long}s and byte arrays
	 */
	CompletableFuture<List<Object>> eval(LuaScript script, boolean withBody, byte[][] keys, byte[][] arguments);

	/**
	 * Read elements of a list.
	 * @param key the key of the list
	 * @param first the index of the first element
	 * @param last the index of the last element, which is read as well
	 * @return those elements that there are
	 */
	CompletableFuture<List<byte[]>> range(byte[] key, long first, long last);

	/**
	 * Remove keys.
	 * @param keys the keys, all in one slot
	 * @return how many there were
	 */
	CompletableFuture<Long> unlink(byte[][] keys);

	/**
	 * Publish a message.
	 * @param channel the channel
	 * @param message the message
	 * @return how many subscribers got it, or {@link #UNKNOWN} where Redis counts only
	 * those of one server
	 */
	CompletableFuture<Long> publish(byte[] channel, byte[] message);

	/**
	 * Start to connect, and stay subscribed to some channels from then on.
	 * @param channels the channels
	 * @param subscriber is told what comes
	 */
	void start(List<String> channels, Subscriber subscriber);

	/**
	 * Subscribe through another connection, because nothing comes through this one.
	 */
	void resubscribe();

	/**
	 * Return what Redis does when its memory is full.
	 * @return its {@code maxmemory-policy}, or nothing if it doesn't say
	 */
	CompletableFuture<String> memoryPolicy();

	/**
	 * Say whether the driver looks for the server that holds a key.
	 * @return whether it knows a Cluster
	 */
	boolean isCluster();

	/**
	 * Say which server holds a key.
	 * @param key the key, or a channel
	 * @return the server, as in {@link #servers()}, or {@link #NO_SERVER}
	 */
	String server(byte[] key);

	/**
	 * Return the servers that hold keys.
	 * @return the primaries of a Cluster, and {@link #NO_SERVER} if there is none for
	 * some keys; else just that
	 */
	Collection<String> servers();

	/**
	 * Look for another way to a server, because calls to it fail.
	 * @param server the server
	 * @param needed says whether they still do; if not, or if no other way is found, that
	 * in use stays
	 */
	void recover(String server, BooleanSupplier needed);

	/**
	 * Look for a server that runs a script, since the one in use answers that it doesn't,
	 * and go there if there is one. Where there is none, nothing changes. On a Cluster,
	 * look where the slots are.
	 * @param script the script
	 * @param keys its keys
	 * @param arguments its arguments
	 */
	void lookElsewhere(LuaScript script, byte[][] keys, byte[][] arguments);

	/**
	 * Return where a server is, for people.
	 * @param server the server
	 * @return hosts and ports, without credentials
	 */
	String address(String server);

	/**
	 * Say why a call got no answer in time, as far as the link knows more than that.
	 * @param server where it was made
	 * @param millis how long the call waited
	 * @return why the last attempt to connect failed, if there is no connection because
	 * of that; else that there was no answer
	 */
	RedisFailure unanswered(String server, long millis);

	/**
	 * Begin to find out why a server doesn't answer, for {@link #unanswered} to say. What
	 * works, or may yet, is left alone.
	 * @param server the server
	 */
	void findReason(String server);

	/**
	 * Pass it on when a future is cancelled: what it was derived from doesn't learn that
	 * otherwise, and would be sent.
	 * @param derived the future that the caller gets
	 * @param sources what it was derived from
	 * @param <T> the type of the answer
	 * @return the derived future
	 */
	static <T> CompletableFuture<T> cancelling(CompletableFuture<T> derived, CompletableFuture<?>... sources) {
		derived.whenComplete((answer, failure) -> {
			if (derived.isCancelled()) {
				for (CompletableFuture<?> source : sources) {
					source.cancel(false);
				}
			}
		});
		return derived;
	}

	/**
	 * Find the policy in what {@code INFO memory} says.
	 * @param info the answer
	 * @return the policy, or nothing
	 */
	static String memoryPolicy(String info) {
		return info.lines()
			.filter((line) -> line.startsWith("maxmemory_policy:"))
			.map((line) -> line.substring(line.indexOf(':') + 1).trim())
			.findFirst()
			.orElse("");
	}

	/**
	 * Close the connections that this link opened, without waiting for long.
	 */
	void close();

	/**
	 * Is told what comes through a subscription, on a thread of the driver.
	 */
	interface Subscriber {

		/**
		 * The subscription is new: what was published before it is lost.
		 */
		void subscribed();

		/**
		 * A connection for calls broke; what is under way on it is sent again.
		 * @param server where it was connected to
		 */
		void disconnected(String server);

		/**
		 * Redis doesn't let this node subscribe. That is tried again.
		 * @param reason why
		 */
		void notSubscribed(RedisFailure reason);

		/**
		 * Redis lets this node open no further connection, while others that there are
		 * work: calls wait for these. Or it does again.
		 * @param reason why, or {@code null} if it does
		 */
		void shortOfConnections(@Nullable RedisFailure reason);

		/**
		 * Something was published.
		 * @param message what was published
		 */
		void published(String message);

	}

}
