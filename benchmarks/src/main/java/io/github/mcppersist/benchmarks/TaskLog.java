package io.github.mcppersist.benchmarks;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

import io.lettuce.core.RedisClient;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.output.IntegerOutput;
import io.lettuce.core.protocol.AsyncCommand;
import io.lettuce.core.protocol.Command;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import org.jspecify.annotations.Nullable;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

import io.github.mcppersist.redis.RedisEventStore;
import io.github.mcppersist.redis.RedisTaskStore;
import io.github.mcppersist.task.NewTask;
import io.github.mcppersist.task.TaskEnd;

/**
 * One way to keep tasks in Redis: our store, or a hash with the same fields that nothing
 * but Lettuce writes.
 */
interface TaskLog extends AutoCloseable {

	String OWNER = "0rT5kQ2bXw9";

	String PRINCIPAL = "8bJm2Vt0TQSx4aZkRr1n9w";

	Duration TIME_TO_LIVE = Duration.ofHours(1);

	/**
	 * Create a task.
	 * @param taskId its ID
	 * @param acknowledged is called once Redis has answered, with a failure if there is
	 * one
	 */
	void create(String taskId, BiConsumer<@Nullable Object, @Nullable Throwable> acknowledged);

	/**
	 * End a task, and wait until that is stored.
	 * @param taskId its ID
	 * @param result the result
	 */
	void complete(String taskId, byte[] result);

	@Override
	void close();

	/**
	 * Return the key of a task.
	 * @param taskId its ID
	 * @return the key, the same by whichever way the task is kept
	 */
	static String key(String taskId) {
		return "mcp:1:{" + taskId + "}:t";
	}

	/**
	 * Our own store, as an endpoint calls it.
	 */
	final class Store implements TaskLog {

		private final RedisEventStore eventStore;

		private final RedisTaskStore store;

		Store(LettuceConnectionFactory connectionFactory) {
			this.eventStore = RedisEventStore.builder(connectionFactory).timeout(Duration.ofSeconds(10)).build();
			this.store = RedisTaskStore.of(this.eventStore, TIME_TO_LIVE);
		}

		@Override
		public void create(String taskId, BiConsumer<@Nullable Object, @Nullable Throwable> acknowledged) {
			this.store.createTask(NewTask.working(taskId, OWNER, PRINCIPAL, TIME_TO_LIVE))
				.subscribe((task) -> acknowledged.accept(task, null), (failure) -> acknowledged.accept(null, failure));
		}

		@Override
		public void complete(String taskId, byte[] result) {
			this.store.endTask(taskId, TaskEnd.completed(result)).block();
		}

		@Override
		public void close() {
			this.eventStore.close();
		}

	}

	/**
	 * A hash and its expiry, in two commands with one flush or in one script.
	 */
	final class Hash implements TaskLog {

		private static final String SCRIPT = """
				redis.call('HSET', KEYS[1], unpack(ARGV, 2))
				redis.call('PEXPIRE', KEYS[1], ARGV[1])
				return 1""";

		private static final byte[] MILLIS = ascii(Long.toString(TIME_TO_LIVE.toMillis()));

		private final StatefulRedisConnection<byte[], byte[]> connection;

		private final @Nullable String digest;

		private Hash(LettuceConnectionFactory connectionFactory, boolean script) {
			RedisClient client = (RedisClient) connectionFactory.getRequiredNativeClient();
			this.connection = client.connect(ByteArrayCodec.INSTANCE);
			// No timer for each call, as our store has none
			this.connection.setTimeout(Duration.ZERO);
			this.digest = script ? this.connection.sync().scriptLoad(SCRIPT) : null;
		}

		static Hash pipeline(LettuceConnectionFactory connectionFactory) {
			return new Hash(connectionFactory, false);
		}

		static Hash script(LettuceConnectionFactory connectionFactory) {
			return new Hash(connectionFactory, true);
		}

		@Override
		public void create(String taskId, BiConsumer<@Nullable Object, @Nullable Throwable> acknowledged) {
			byte[] key = ascii(key(taskId));
			Map<byte[], byte[]> fields = fields();
			if (this.digest != null) {
				List<byte[]> arguments = new ArrayList<>();
				arguments.add(MILLIS);
				fields.forEach((field, value) -> {
					arguments.add(field);
					arguments.add(value);
				});
				this.connection.async()
					.<Long>evalsha(this.digest, ScriptOutputType.INTEGER, new byte[][] { key },
							arguments.toArray(byte[][]::new))
					.whenComplete(acknowledged);
				return;
			}
			AsyncCommand<byte[], byte[], Long> hset = command(CommandType.HSET, arguments(key).add(fields));
			AsyncCommand<byte[], byte[], Long> expire = command(CommandType.PEXPIRE, arguments(key).add(MILLIS));
			// Redis answers in order
			expire.whenComplete(
					(reply, failure) -> acknowledged.accept(reply, (failure == null && hset.isCompletedExceptionally())
							? hset.handle((ok, ex) -> ex).join() : failure));
			this.connection.dispatch(List.of(hset, expire));
		}

		// What our store notes of a task but for the tag by which it knows its own call
		// again
		private static Map<byte[], byte[]> fields() {
			byte[] now = ascii(Long.toString(System.currentTimeMillis()));
			Map<byte[], byte[]> fields = new LinkedHashMap<>();
			fields.put(ascii("t"), now);
			fields.put(ascii("u"), now);
			fields.put(ascii("r"), ascii("1"));
			fields.put(ascii("o"), ascii(OWNER));
			fields.put(ascii("p"), ascii(PRINCIPAL));
			fields.put(ascii("s"), ascii("working"));
			fields.put(ascii("l"), MILLIS);
			return fields;
		}

		private static CommandArgs<byte[], byte[]> arguments(byte[] key) {
			return new CommandArgs<>(ByteArrayCodec.INSTANCE).addKey(key);
		}

		private static AsyncCommand<byte[], byte[], Long> command(CommandType type,
				CommandArgs<byte[], byte[]> arguments) {
			return new AsyncCommand<>(new Command<>(type, new IntegerOutput<>(ByteArrayCodec.INSTANCE), arguments));
		}

		@Override
		public void complete(String taskId, byte[] result) {
			this.connection.sync().hset(ascii(key(taskId)), Map.of(ascii("s"), ascii("completed"), ascii("x"), result));
		}

		@Override
		public void close() {
			this.connection.close();
		}

		private static byte[] ascii(String text) {
			return text.getBytes(StandardCharsets.ISO_8859_1);
		}

	}

}
