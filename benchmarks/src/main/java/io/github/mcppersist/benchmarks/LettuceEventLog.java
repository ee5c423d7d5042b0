package io.github.mcppersist.benchmarks;

import java.time.Duration;
import java.util.List;
import java.util.function.BiConsumer;

import io.lettuce.core.RedisClient;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import org.jspecify.annotations.Nullable;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

import io.github.mcppersist.event.StreamKey;

/**
 * The script of our store, sent by nothing but Lettuce.
 */
final class LettuceEventLog implements EventLog {

	private final StatefulRedisConnection<byte[], byte[]> connection;

	private final String digest;

	LettuceEventLog(LettuceConnectionFactory connectionFactory) {
		RedisClient client = (RedisClient) connectionFactory.getRequiredNativeClient();
		this.connection = client.connect(ByteArrayCodec.INSTANCE);
		// No timer for each call, as our store has none
		this.connection.setTimeout(Duration.ZERO);
		this.digest = this.connection.sync().scriptLoad(AppendScript.text());
	}

	@Override
	public void open(StreamKey stream) {
		this.connection.sync().rpush(AppendScript.key(stream), AppendScript.opened());
	}

	@Override
	public void append(StreamKey stream, long sequence,
			BiConsumer<@Nullable Object, @Nullable Throwable> acknowledged) {
		byte[][] keys = { AppendScript.key(stream) };
		this.connection.async()
			.<List<Object>>evalsha(this.digest, ScriptOutputType.MULTI, keys, AppendScript.arguments(sequence))
			.whenComplete(acknowledged);
	}

	@Override
	public int replay(StreamKey stream) {
		throw new UnsupportedOperationException("Only appends are compared");
	}

	@Override
	public void close() {
		this.connection.close();
	}

}
