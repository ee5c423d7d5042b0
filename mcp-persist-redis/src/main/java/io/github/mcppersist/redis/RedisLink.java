package io.github.mcppersist.redis;

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
	 * Look at a stream without reading its events, in one round trip.
	 * @param stream the key of the stream
	 * @param tombstone the key of its session's tombstone
	 * @return what is known about the stream
	 */
	CompletableFuture<StreamState> state(byte[] stream, byte[] tombstone);

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
	 * Start to connect, and stay subscribed to a channel from then on.
	 * @param channel the channel
	 * @param subscriber is told what comes
	 */
	void start(String channel, Subscriber subscriber);

	/**
	 * Try to connect anew, because calls fail.
	 * @param needed says whether they still do; if not, or if no new connection works,
	 * the one in use stays
	 */
	void reconnect(BooleanSupplier needed);

	/**
	 * Close the connections that this link opened, without waiting for long.
	 */
	void close();

	/**
	 * What there is of a stream.
	 *
	 * @param header the header, or {@code null} if the stream isn't there
	 * @param length the length of the list, the header included
	 * @param deleted whether the session was deleted
	 */
	record StreamState(byte @Nullable [] header, long length, boolean deleted) {
	}

	/**
	 * Is told what comes through a subscription, on a thread of the driver.
	 */
	interface Subscriber {

		/**
		 * The subscription is new: what was published before it is lost.
		 */
		void subscribed();

		/**
		 * Something was published.
		 * @param message what was published
		 */
		void published(String message);

	}

}
