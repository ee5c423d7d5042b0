package io.github.mcppersist.payload;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

import io.github.mcppersist.node.NodeRegistry;
import io.github.mcppersist.task.InMemoryTaskStore;
import io.github.mcppersist.task.MonitoredTaskStore;
import io.github.mcppersist.task.NewTask;
import io.github.mcppersist.task.StoredTask;
import io.github.mcppersist.task.TaskChange;
import io.github.mcppersist.task.TaskEnd;
import io.github.mcppersist.task.TaskRecord;
import io.github.mcppersist.task.TaskStatus;
import io.github.mcppersist.task.TaskStore;
import io.github.mcppersist.task.TaskStoreException;
import io.github.mcppersist.task.TaskUnreadableException;
import io.github.mcppersist.test.event.MutableClock;
import io.github.mcppersist.test.task.MonitoredTaskStoreContractTests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

class EncodedTaskStoreTests {

	private static final String NODE = NodeRegistry.randomNodeId();

	private final InMemoryTaskStore inner = new InMemoryTaskStore();

	private final List<String> unreadable = new ArrayList<>();

	private MonitoredTaskStore store(PayloadCodec codec) {
		return new EncodedTaskStore(this.inner, new Payloads(codec, (place, failure) -> {
			assertThat(place.kind()).isEqualTo(PayloadPlace.Kind.TASK);
			this.unreadable.add(place.part());
		}));
	}

	private static NewTask task(String id) {
		return new NewTask(id, NODE, "secret principal", "secret tool", Duration.ofMinutes(10), "secret message",
				Map.of("asked", secret(), "answered", secret()));
	}

	private static byte[] secret() {
		return "{\"is\":\"secret\"}".getBytes(StandardCharsets.UTF_8);
	}

	private static TaskRecord find(TaskStore store, String id) {
		return Objects.requireNonNull(store.findTask(id).block());
	}

	private static void fill(TaskStore store, String id) {
		store.createTask(task(id)).block();
		store.answerInput(id, Map.of("answered", secret())).block();
		store.updateTask(id, TaskChange.none().withStatusMessage("secret too").withRound(1, secret())).block();
	}

	@Test
	void tellsTheOtherStoreNothingOfTheCall() {
		MonitoredTaskStore store = store(Codecs.aes("a").build());
		fill(store, "one");

		assertSecret(find(this.inner, "one"));
		assertThat(find(this.inner, "one").status()).isEqualTo(TaskStatus.INPUT_REQUIRED);
		assertThat(find(store, "one").statusMessage()).isEqualTo("secret too");
		assertThat(find(store, "one").answers().get("answered")).isEqualTo(secret());

		StoredTask stored = Objects.requireNonNull(this.inner.describeTask("one").block());
		assertThat(List.of(stored.tool(), stored.principal(), stored.statusMessage()))
			.allSatisfy((text) -> assertThat(text).startsWith("~").doesNotContain("secret"));
		StoredTask described = Objects.requireNonNull(store.describeTask("one").block());
		assertThat(List.of(described.tool(), described.principal(), described.statusMessage()))
			.containsExactly("secret tool", "secret principal", "secret too");

		store.endTask("one", TaskEnd.failed("secret message", secret())).block();
		assertSecret(find(this.inner, "one"));
		assertThat(find(store, "one").outcome()).isEqualTo(secret());
	}

	private static void assertSecret(TaskRecord stored) {
		assertThat(stored.principal()).startsWith("~").doesNotContain("secret");
		assertThat(stored.statusMessage()).startsWith("~").doesNotContain("secret");
		List<byte[]> payloads = new ArrayList<>(stored.inputRequests().values());
		payloads.addAll(stored.answers().values());
		payloads.addAll(stored.rounds().values());
		byte[] outcome = stored.outcome();
		if (outcome != null) {
			payloads.add(outcome);
		}
		assertThat(payloads).isNotEmpty()
			.allSatisfy(
					(payload) -> assertThat(new String(payload, StandardCharsets.ISO_8859_1)).doesNotContain("secret"));
	}

	@Test
	void saysThatItCanNotReadATask() {
		TaskStore other = store(Codecs.aes("b").build());
		fill(other, "one");
		MonitoredTaskStore store = store(Codecs.aes("a").build());

		assertThatExceptionOfType(TaskUnreadableException.class).isThrownBy(() -> find(store, "one"))
			.withCauseInstanceOf(UnreadablePayloadException.class);

		assertThat(this.unreadable).contains("p", "m", "q:asked");
		assertThat(find(other, "one").inputRequests()).containsOnlyKeys("asked");
		StoredTask described = Objects.requireNonNull(store.findTasks(null, 10).block()).tasks().get(0);
		assertThat(described.tool()).isNull();
		assertThat(described.principal()).isNull();
		assertThat(described.statusMessage()).isNull();
		assertThat(described.inputRequests()).isEqualTo(1);
		// Ended it can be
		assertThat(store.endTask("one", TaskEnd.cancelled(null)).block()).isTrue();
	}

	@Test
	void leavesOutWhatIsOnlySaidAndFindsAnAnswerWithoutContent() {
		store(Codecs.aes("b").build()).createTask(NewTask.working("one", NODE, "principal", Duration.ofMinutes(10)))
			.block();
		MonitoredTaskStore store = store(Codecs.aes("a").build());
		store.updateTask("one", TaskChange.none().withInputRequests(Map.of("asked", secret()))).block();
		store(Codecs.aes("b").build()).answerInput("one", Map.of("asked", secret())).block();

		TaskRecord found = find(store, "one");

		assertThat(found.principal()).isNull();
		assertThat(found.answers()).containsOnlyKeys("asked");
		assertThat(found.answers().get("asked")).isEmpty();
		assertThat(this.unreadable).containsExactlyInAnyOrder("p", "a:asked");
	}

	@Test
	void opensNothingThatWasMoved() {
		MonitoredTaskStore store = store(Codecs.aes("a").build());
		fill(store, "one");
		TaskRecord stored = find(this.inner, "one");
		this.inner
			.createTask(new NewTask("two", NODE, null, null, Duration.ofMinutes(10), null,
					Map.of("asked", stored.inputRequests().get("asked"))))
			.block();
		this.inner
			.createTask(new NewTask("three", NODE, null, null, Duration.ofMinutes(10), null,
					Map.of("another", stored.inputRequests().get("asked"))))
			.block();

		assertThatExceptionOfType(TaskUnreadableException.class).isThrownBy(() -> find(store, "two"));
		assertThatExceptionOfType(TaskUnreadableException.class).isThrownBy(() -> find(store, "three"));
	}

	@Test
	void saysThatACodecHasFailed() {
		TaskStore store = store(new PayloadCodec() {

			@Override
			public byte[] encode(PayloadPlace place, byte[] payload) {
				throw new IllegalStateException("no key");
			}

			@Override
			public byte[] decode(PayloadPlace place, byte[] stored) {
				return stored;
			}

			@Override
			public List<byte[]> encodeName(byte[] name) {
				return List.of(name);
			}

		});

		assertThatExceptionOfType(TaskStoreException.class).isThrownBy(() -> store.createTask(task("one")).block())
			.withMessageContaining("can't be encoded");
		assertThat(this.inner.findTask("one").blockOptional()).isEmpty();
	}

	@Nested
	class Plain extends EncodedContract {

		@Override
		PayloadCodec codec() {
			return PayloadCodec.none();
		}

	}

	@Nested
	class Encrypted extends EncodedContract {

		@Override
		PayloadCodec codec() {
			return Codecs.aes("a").build();
		}

	}

	@Nested
	class CompressedAndEncrypted extends EncodedContract {

		@Override
		PayloadCodec codec() {
			return Codecs.all();
		}

	}

	abstract static class EncodedContract extends MonitoredTaskStoreContractTests {

		private final MutableClock clock = new MutableClock();

		private final MonitoredTaskStore store = new EncodedTaskStore(InMemoryTaskStore.builder()
			.clock(this.clock)
			.minTimeToLive(Duration.ofMinutes(2))
			.timeToLive(Duration.ofMinutes(3))
			.build(), new Payloads(codec(), Codecs.NEVER));

		abstract PayloadCodec codec();

		@Override
		protected MonitoredTaskStore store() {
			return this.store;
		}

		@Override
		protected MonitoredTaskStore secondNode() {
			return this.store;
		}

		@Override
		protected String nodeId() {
			return NODE;
		}

		@Override
		protected Duration unit() {
			return Duration.ofMinutes(1);
		}

		@Override
		protected void elapse(Duration duration) {
			this.clock.advance(duration);
		}

	}

}
