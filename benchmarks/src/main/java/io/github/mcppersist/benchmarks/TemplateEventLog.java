package io.github.mcppersist.benchmarks;

import java.util.Arrays;
import java.util.List;
import java.util.function.BiConsumer;

import org.jspecify.annotations.Nullable;
import org.springframework.data.redis.connection.ReactiveRedisConnectionFactory;
import org.springframework.data.redis.core.ReactiveRedisTemplate;
import org.springframework.data.redis.core.script.RedisScript;
import org.springframework.data.redis.serializer.RedisSerializationContext;

import io.github.mcppersist.event.StreamKey;

/**
 * The script of our store, sent by Spring Data's reactive template.
 */
final class TemplateEventLog implements EventLog {

	@SuppressWarnings("rawtypes")
	private final RedisScript<List> script = RedisScript.of(AppendScript.text(), List.class);

	private final ReactiveRedisTemplate<byte[], byte[]> template;

	TemplateEventLog(ReactiveRedisConnectionFactory connectionFactory) {
		this.template = new ReactiveRedisTemplate<>(connectionFactory, RedisSerializationContext.byteArray());
	}

	@Override
	public void open(StreamKey stream) {
		this.template.opsForList().rightPushAll(AppendScript.key(stream), AppendScript.opened()).block();
	}

	@Override
	public void append(StreamKey stream, long sequence,
			BiConsumer<@Nullable Object, @Nullable Throwable> acknowledged) {
		this.template
			.execute(this.script, List.of(AppendScript.key(stream)), Arrays.asList(AppendScript.arguments(sequence)))
			.subscribe(null, (failure) -> acknowledged.accept(null, failure), () -> acknowledged.accept(null, null));
	}

	@Override
	public int replay(StreamKey stream) {
		throw new UnsupportedOperationException("Only appends are compared");
	}

	@Override
	public void close() {
	}

}
