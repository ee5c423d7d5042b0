package io.github.mcppersist.modern;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import io.modelcontextprotocol.spec.McpSchema.Implementation;
import io.modelcontextprotocol.spec.McpSchema.InitializeResult;
import io.modelcontextprotocol.spec.McpSchema.ServerCapabilities;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

import io.github.mcppersist.node.NodeRegistry;
import io.github.mcppersist.stream.Mailbox;
import io.github.mcppersist.stream.ManualThreads;
import io.github.mcppersist.task.NewTask;
import io.github.mcppersist.task.TaskChange;
import io.github.mcppersist.task.TaskRecord;
import io.github.mcppersist.task.TaskStoreUnavailableException;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * When a task is looked at, and what is told of it.
 */
class TaskWatchTests {

	private static final String NAME = "task";

	private final ManualThreads threads = new ManualThreads();

	private final FaultyTaskStore store = new FaultyTaskStore(this.threads);

	private final Mailbox mailbox = new Mailbox();

	private final List<@Nullable TaskRecord> found = new ArrayList<>();

	private final List<Throwable> failures = new ArrayList<>();

	private final Parking parking = TestSettings.parking(this.threads, TestSettings.SETTINGS, this.store,
			() -> new InitializeResult("2025-11-25", ServerCapabilities.builder().build(),
					new Implementation("test", "1"), null));

	private final TaskWatch watch = new TaskWatch(this.mailbox, this.parking, NAME, this.found::add,
			this.failures::add);

	@BeforeEach
	void create() {
		this.store
			.createTask(new NewTask(NAME, NodeRegistry.randomNodeId(), null, null, Duration.ofHours(1), null,
					Map.of("key", new byte[] { '1' })))
			.block();
	}

	@Test
	void looksWheneverTheTaskChanges() {
		in(this.watch::begin);
		int before = this.found.size();

		change("one");
		change("two");

		assertThat(this.found).hasSize(before + 2);
		assertThat(this.found.get(before + 1)).extracting(TaskRecord::statusMessage).isEqualTo("two");
	}

	@Test
	void doesNothingOnTheThreadsOfTheStore() {
		in(this.watch::begin);
		this.found.clear();
		int before = this.store.calls;
		this.threads.hold();

		change("one");
		assertThat(this.store.calls).isEqualTo(before + 1);
		this.threads.letGo();

		assertThat(this.found).extracting(TaskRecord::statusMessage).containsExactly("one");
	}

	@Test
	void looksOnceASecondHoweverOftenTheStoreIsAway() {
		this.store.failure = new TaskStoreUnavailableException("Away");
		TaskWatch[] watch = new TaskWatch[1];
		watch[0] = new TaskWatch(this.mailbox, this.parking, NAME, this.found::add, (ex) -> watch[0].lookLater());
		for (int i = 0; i < 20; i++) {
			in(watch[0]::look);
		}
		int before = this.store.calls;

		this.threads.pass(Duration.ofSeconds(10));

		assertThat(this.store.calls - before).isBetween(9, 11);
	}

	@Test
	void doesNotLookForWhatIsKnown() {
		in(this.watch::begin);
		this.found.clear();

		in(() -> this.watch.knows(2));
		change("one");

		assertThat(this.found).isEmpty();
	}

	@Test
	void doesNotLookForWhatItsOwnerChanges() {
		in(this.watch::begin);
		in(this.watch::look);
		this.found.clear();

		for (String message : List.of("one", "two")) {
			in(this.watch::changing);
			long revision = change(message);
			in(() -> this.watch.changed(revision, true));
		}

		assertThat(this.found).isEmpty();
		change("of another node");
		assertThat(this.found).hasSize(1);
	}

	@Test
	void looksForWhatOthersHaveChangedMeanwhile() {
		in(this.watch::begin);
		in(this.watch::look);
		this.found.clear();

		in(this.watch::changing);
		change("of another node");
		long own = change("own");
		change("of another node, later");
		assertThat(this.found).isEmpty();
		in(() -> this.watch.changed(own, true));

		assertThat(this.found).hasSize(1);
		assertThat(this.found.get(0)).extracting(TaskRecord::statusMessage).isEqualTo("of another node, later");
	}

	@Test
	void looksForWhatOthersHaveChangedSince() {
		in(this.watch::begin);
		in(this.watch::look);
		this.found.clear();

		in(this.watch::changing);
		long own = change("own");
		change("of another node, later");
		in(() -> this.watch.changed(own, true));

		assertThat(this.found).hasSize(1);
	}

	@Test
	void looksIfItsOwnersChangeMayHaveBeenNone() {
		in(this.watch::begin);
		in(this.watch::look);
		this.found.clear();

		in(this.watch::changing);
		long revision = change("of another node");
		in(() -> this.watch.changed(revision, false));

		assertThat(this.found).hasSize(1);
	}

	@Test
	void looksOnceMoreForAllThatComesMeanwhile() {
		Sinks.Empty<Void> gate = Sinks.empty();
		this.store.gate = gate.asMono();
		for (int i = 0; i < 10; i++) {
			in(this.watch::look);
		}
		assertThat(this.found).isEmpty();

		this.store.gate = Mono.empty();
		gate.tryEmitEmpty();

		assertThat(this.found).hasSize(2);
	}

	@Test
	void looksForWhatComesBehindAFailoverThatHasLostRevisions() {
		in(this.watch::begin);
		for (String message : List.of("one", "two", "three")) {
			change(message);
		}
		this.store.loseLast(3);
		in(this.watch::look);
		this.found.clear();

		change("of another node");
		assertThat(this.found).hasSize(1);
		in(this.watch::changing);
		change("own");
		in(() -> this.watch.changed(3, true));

		assertThat(this.found).hasSize(1);
	}

	@Test
	void looksAsSoonAsItIsToldOfAFailoverThatHasLostRevisions() {
		in(this.watch::begin);
		change("one");
		change("two");
		this.found.clear();

		this.store.failOver(1);

		assertThat(this.found).extracting(TaskRecord::statusMessage).containsExactly("one");
		change("another");
		assertThat(this.found).hasSize(2);
	}

	@Test
	void looksIfItsOwnersChangeIsBehindAFailoverThatHasLostRevisions() {
		in(this.watch::begin);
		change("one");
		change("two");
		this.store.loseLast(2);
		this.found.clear();

		in(this.watch::changing);
		long own = change("own");
		in(() -> this.watch.changed(own, true));

		assertThat(this.found).hasSize(1);
		change("of another node");
		assertThat(this.found).hasSize(2);
	}

	@Test
	void tellsThatTheTaskIsLost() {
		this.store.lose();
		in(this.watch::look);

		assertThat(this.found).containsExactly((TaskRecord) null);
	}

	@Test
	void looksWhenTheStoreTellsNothingMoreOfTheTask() {
		in(this.watch::begin);
		this.found.clear();

		this.threads.pass(Duration.ofHours(2));
		this.store.renewTasks(List.of()).block();

		assertThat(this.found).containsExactly((TaskRecord) null);
	}

	@Test
	void looksAgainAfterAFailure() {
		this.store.failure = new TaskStoreUnavailableException("out of reach");
		in(this.watch::look);
		assertThat(this.failures).hasSize(1);
		this.store.failure = null;

		in(this.watch::lookLater);
		assertThat(this.found).isEmpty();
		this.threads.pass(Duration.ofSeconds(1));

		assertThat(this.found).hasSize(1);
	}

	@Test
	void tellsNothingOnceItIsClosed() {
		Sinks.Empty<Void> gate = Sinks.empty();
		this.store.gate = gate.asMono();
		in(this.watch::begin);
		in(this.watch::look);
		in(this.watch::close);
		this.found.clear();

		gate.tryEmitEmpty();
		in(this.watch::look);

		assertThat(this.found).isEmpty();
		assertThat(this.failures).isEmpty();
	}

	private void in(Runnable task) {
		this.mailbox.execute(task);
	}

	private long change(String message) {
		return this.store.updateTask(NAME, TaskChange.none().withStatusMessage(message)).block().revision().number();
	}

}
