package io.github.mcppersist.benchmarks;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;

import io.lettuce.core.Range;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import org.jspecify.annotations.Nullable;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

import io.github.mcppersist.event.StreamKey;

/**
 * The seed's layout: a counter, a hash for each event and a sorted set as the index of
 * each stream. An append is two round trips (the counter's is the number of the event),
 * or one script that does the same.
 */
final class SeedEventLog implements EventLog {

	private static final long TTL_MS = 3_600_000;

	private static final byte[] TTL = AppendScript.ascii(Long.toString(TTL_MS));

	private static final byte[] STREAM = AppendScript.ascii("stream");

	private static final byte[] MESSAGE_FIELD = AppendScript.ascii("message");

	private static final byte[] NO_MESSAGE = new byte[0];

	private final StatefulRedisConnection<byte[], byte[]> connection;

	private final RedisAsyncCommands<byte[], byte[]> commands;

	private final @Nullable String digest;

	private SeedEventLog(LettuceConnectionFactory connectionFactory, boolean oneCall) {
		RedisClient client = (RedisClient) connectionFactory.getRequiredNativeClient();
		this.connection = client.connect(ByteArrayCodec.INSTANCE);
		// No timer for each call, as our store has none
		this.connection.setTimeout(Duration.ZERO);
		this.commands = this.connection.async();
		this.digest = oneCall
				? this.connection.sync().scriptLoad(AppendScript.read(SeedEventLog.class, "seed-append.lua")) : null;
	}

	static SeedEventLog oneCall(LettuceConnectionFactory connectionFactory) {
		return new SeedEventLog(connectionFactory, true);
	}

	static SeedEventLog twoTrips(LettuceConnectionFactory connectionFactory) {
		return new SeedEventLog(connectionFactory, false);
	}

	@Override
	public void open(StreamKey stream) {
		CompletableFuture<Void> opened = new CompletableFuture<>();
		append(stream, NO_MESSAGE, EventLog.completing(opened));
		opened.join();
	}

	@Override
	public void append(StreamKey stream, long sequence,
			BiConsumer<@Nullable Object, @Nullable Throwable> acknowledged) {
		append(stream, MESSAGE, acknowledged);
	}

	private void append(StreamKey stream, byte[] message,
			BiConsumer<@Nullable Object, @Nullable Throwable> acknowledged) {
		byte[] streamId = AppendScript.ascii(stream.streamId());
		byte[] counter = key(stream, "n", "");
		byte[] index = key(stream, "i", "");
		if (this.digest != null) {
			byte[][] keys = { counter, index, key(stream, "e", ":") };
			this.commands.<Long>evalsha(this.digest, ScriptOutputType.INTEGER, keys, TTL, streamId, message)
				.whenComplete(acknowledged);
			return;
		}
		this.commands.incr(counter).whenComplete((number, failure) -> {
			if (number == null) {
				acknowledged.accept(null, failure);
				return;
			}
			byte[] event = key(stream, "e", ":" + number);
			this.commands.hset(event, Map.of(STREAM, streamId, MESSAGE_FIELD, message))
				.whenComplete(failureOnly(acknowledged));
			this.commands.zadd(index, number, AppendScript.ascii(number.toString()))
				.whenComplete(failureOnly(acknowledged));
			this.commands.pexpire(event, TTL_MS).whenComplete(failureOnly(acknowledged));
			this.commands.pexpire(index, TTL_MS).whenComplete(failureOnly(acknowledged));
			// Redis answers in order, so the last answer is the acknowledgement
			this.commands.pexpire(counter, TTL_MS).whenComplete(acknowledged);
		});
	}

	private static BiConsumer<Object, @Nullable Throwable> failureOnly(
			BiConsumer<@Nullable Object, @Nullable Throwable> acknowledged) {
		return (reply, failure) -> {
			if (failure != null) {
				acknowledged.accept(null, failure);
			}
		};
	}

	@Override
	public int replay(StreamKey stream) {
		List<byte[]> numbers = this.connection.sync()
			.zrangebyscore(key(stream, "i", ""), Range.from(Range.Boundary.excluding(1), Range.Boundary.unbounded()));
		List<RedisFuture<byte[]>> messages = new ArrayList<>(numbers.size());
		this.connection.setAutoFlushCommands(false);
		for (byte[] number : numbers) {
			String suffix = ":" + new String(number, StandardCharsets.ISO_8859_1);
			messages.add(this.commands.hget(key(stream, "e", suffix), MESSAGE_FIELD));
		}
		this.connection.flushCommands();
		this.connection.setAutoFlushCommands(true);
		int count = 0;
		for (RedisFuture<byte[]> message : messages) {
			count += (message.toCompletableFuture().join().length > 0) ? 1 : 0;
		}
		return count;
	}

	private static byte[] key(StreamKey stream, String kind, String suffix) {
		return AppendScript.ascii("mcp:1:{" + stream.sessionName() + "}:" + kind + ":" + stream.streamId() + suffix);
	}

	@Override
	public void close() {
		this.connection.close();
	}

}
