package io.github.mcppersist.test.event;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;

import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;

import io.github.mcppersist.event.MonitoredEventStore;
import io.github.mcppersist.event.RequestIds;
import io.github.mcppersist.event.StoredStream;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.session.SessionNames;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

/**
 * What every {@link MonitoredEventStore} must do beside what every event store must whose
 * events several nodes share.
 */
public abstract class MonitoredEventStoreContractTests extends SharedEventStoreContractTests {

	private final String session = SessionNames.of(UUID.randomUUID().toString());

	@Override
	protected abstract MonitoredEventStore store();

	@Override
	protected abstract MonitoredEventStore secondNode();

	@Override
	protected abstract MonitoredEventStore store(Bounds bounds);

	@Test
	void findsTheStreamsOfASessionOnAnyNodeWithoutTheirEvents() {
		StreamKey running = StreamKey.random(this.session);
		open(store(), running, 3);
		StreamKey other = StreamKey.random(this.session);
		block(secondNode().openStream(other, RequestIds.parse("\"two\""), List.of(priming(other, 1))));
		open(store(), StreamKey.random(SessionNames.of("another")), 1);

		assertThat(find(secondNode())).containsExactlyInAnyOrder(
				new StoredStream(running.streamId(), read(store(), running, null).head(), 3, false),
				new StoredStream(other.streamId(), read(store(), other, null).head(), 1, false));
	}

	@Test
	void findsRunningStreamsBeforeCompleteOnes() {
		findsRunningStreamsFirst(store());
	}

	@Test
	void findsRunningStreamsFirstAlsoWhereCompleteOnesAreKeptForLonger() {
		findsRunningStreamsFirst(store(
				Bounds.none().withTimeToLive(unit().multipliedBy(2)).withCompletedTimeToLive(unit().multipliedBy(8))));
	}

	private void findsRunningStreamsFirst(MonitoredEventStore store) {
		List<String> running = new ArrayList<>();
		List<String> complete = new ArrayList<>();
		for (int i = 0; i < 6; i++) {
			StreamKey stream = StreamKey.random(this.session);
			open(store, stream, 1);
			if (i % 2 != 0) {
				block(store.completeStream(stream, List.of(event(stream, 2))));
			}
			((i % 2 != 0) ? complete : running).add(stream.streamId());
		}

		List<StoredStream> found = find(store);

		assertThat(found).extracting(StoredStream::complete).containsExactly(false, false, false, true, true, true);
		assertThat(ids(found.subList(0, 3))).containsExactlyInAnyOrderElementsOf(running);
		assertThat(ids(found.subList(3, 6))).containsExactlyInAnyOrderElementsOf(complete);
	}

	@Test
	void findsAThousandStreamsAtMost() {
		Flux.range(0, 1001)
			.map((i) -> StreamKey.random(this.session))
			.flatMap((stream) -> store().openStream(stream, RequestIds.parse("1"), List.of(priming(stream, 1))), 16)
			.blockLast(TIMEOUT);

		assertThat(find(store())).hasSize(1000);
	}

	@Test
	void findsNoStreamThatIsNotStored() {
		MonitoredEventStore store = store(Bounds.none().withCompletedTimeToLive(unit()));
		assertThat(find(store)).isEmpty();
		StreamKey running = StreamKey.random(this.session);
		open(store, running, 1);
		StreamKey expired = StreamKey.random(this.session);
		open(store, expired, 1);
		block(store.completeStream(expired, List.of(event(expired, 2))));

		elapse(unit().multipliedBy(2));
		assertThat(ids(find(store))).containsExactly(running.streamId());

		block(store.deleteSession(this.session));
		assertThat(find(store)).isEmpty();
	}

	@Test
	void refusesToFindStreamsOfWhatIsNoName() {
		for (String name : List.of("", "{}", "a b")) {
			assertThatIllegalArgumentException().as(name).isThrownBy(() -> store().findStreams(name));
		}
	}

	@Test
	void knowsOfNoOutageWhileItWorks() {
		open(store(), StreamKey.random(this.session), 1);

		awaiting().until(() -> store().outage() == null);
	}

	private List<StoredStream> find(MonitoredEventStore store) {
		return Objects.requireNonNull(block(store.findStreams(this.session)));
	}

	private static List<String> ids(List<StoredStream> streams) {
		return streams.stream().map(StoredStream::streamId).toList();
	}

}
