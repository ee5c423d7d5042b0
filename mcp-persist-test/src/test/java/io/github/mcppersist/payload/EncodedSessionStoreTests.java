package io.github.mcppersist.payload;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

import io.github.mcppersist.session.AbstractInMemorySessionStoreTests;
import io.github.mcppersist.session.InMemorySessionStore;
import io.github.mcppersist.session.MonitoredSessionStore;
import io.github.mcppersist.session.SessionRecord;
import io.github.mcppersist.session.SessionStore;
import io.github.mcppersist.session.SessionStoreException;
import io.github.mcppersist.session.SubscribedUris;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

class EncodedSessionStoreTests {

	private static final String URI = "file:///secret";

	private final InMemorySessionStore inner = new InMemorySessionStore();

	private final List<PayloadPlace.Kind> unreadable = new ArrayList<>();

	private SessionStore store(PayloadCodec codec) {
		return new EncodedSessionStore(this.inner,
				new Payloads(codec, (place, failure) -> this.unreadable.add(place.kind())));
	}

	private static SessionRecord record(String sessionId) {
		return SessionRecord.initialized(sessionId, "{\"clientInfo\":{\"name\":\"secret\"}}", "2025-11-25",
				"secret owner", "server");
	}

	private static List<String> uris(SessionStore store) {
		return Objects.requireNonNull(store.findSubscribedUris(0).block()).uris();
	}

	private Set<String> subscribers(SessionStore store) {
		return Objects.requireNonNull(store.findSubscribers(URI).block());
	}

	@Test
	void tellsTheOtherStoreNothingOfTheClient() {
		SessionStore store = store(Codecs.aes("a").build());
		store.createSession(record("one")).block();
		store.subscribe("one", URI).block();
		store.storeAnswer("one", "request", "secret".getBytes(StandardCharsets.UTF_8)).block();

		SessionRecord stored = Objects.requireNonNull(this.inner.findSession("one").block());
		Map<String, byte[]> answers = Objects.requireNonNull(this.inner.findAnswers("one", List.of("request")).block());

		assertThat(stored.initializeRequest()).startsWith("~").doesNotContain("secret");
		assertThat(stored.owner()).startsWith("~").doesNotContain("secret");
		assertThat(stored.subscriptions()).singleElement().asString().startsWith("~").doesNotContain("secret");
		assertThat(uris(this.inner)).containsExactlyElementsOf(stored.subscriptions());
		assertThat(new String(answers.get("request"), StandardCharsets.ISO_8859_1)).doesNotContain("secret");
		assertThat(stored.protocolVersion()).isEqualTo("2025-11-25");
	}

	@Test
	void doesNotFindASessionThatItCannotRead() {
		store(Codecs.aes("b").build()).createSession(record("one")).block();
		SessionStore store = store(Codecs.aes("a").build());

		assertThat(store.findSession("one").blockOptional()).isEmpty();
		assertThat(this.unreadable).containsExactly(PayloadPlace.Kind.SESSION);
		assertThat(this.inner.findSession("one").blockOptional()).isPresent();
	}

	@Test
	void doesNotFindASessionWhoseRecordIsAnotherOnes() {
		SessionStore store = store(Codecs.aes("a").build());
		store.createSession(record("one")).block();
		SessionRecord stored = Objects.requireNonNull(this.inner.findSession("one").block());
		this.inner
			.createSession(SessionRecord.initialized("two", stored.initializeRequest(), "2025-11-25", stored.owner(),
					"server"))
			.block();

		assertThat(store.findSession("one").blockOptional()).isPresent();
		assertThat(store.findSession("two").blockOptional()).isEmpty();
	}

	@Test
	void findsAnAnswerThatItCannotReadWithoutContent() {
		store(Codecs.aes("b").build()).storeAnswer("one", "request", new byte[] { 'a' }).block();

		Map<String, byte[]> answers = store(Codecs.aes("a").build()).findAnswers("one", List.of("request")).block();

		assertThat(answers).containsOnlyKeys("request");
		assertThat(Objects.requireNonNull(answers).get("request")).isEmpty();
		assertThat(this.unreadable).containsExactly(PayloadPlace.Kind.ANSWER);
	}

	@Test
	void findsSubscribersWhateverTheirNodesEncryptWith() {
		List<PayloadCodec> nodes = List.of(PayloadCodec.none(), Codecs.aes("old").encrypting(false).build(),
				Codecs.aes("old").build(), Codecs.aes("old", "new").build(), Codecs.aes("new", "old").build());
		for (int i = 0; i < nodes.size(); i++) {
			store(nodes.get(i)).createSession(record("session" + i)).block();
			store(nodes.get(i)).subscribe("session" + i, URI).block();
		}

		for (PayloadCodec node : nodes.subList(3, 5)) {
			assertThat(subscribers(store(node))).hasSize(5);
			assertThat(uris(store(node))).contains(URI);
		}
		// Without the new key
		assertThat(subscribers(store(nodes.get(2)))).hasSize(4);
	}

	@Test
	void countsAResourceUnderEachOfItsNames() {
		SessionStore old = store(Codecs.aes("old").build());
		SessionStore rotated = store(Codecs.aes("new", "old").build());
		old.createSession(record("one")).block();
		old.subscribe("one", URI).block();
		rotated.subscribe("one", URI).block();

		SubscribedUris found = Objects.requireNonNull(rotated.findSubscribedUris(0).block());

		assertThat(Set.copyOf(found.uris())).hasSize(found.total()).contains(URI);
		assertThat(uris(old)).hasSize(2).contains(URI);
	}

	@Test
	void endsASubscriptionUnderTheNameThatItHas() {
		SessionStore old = store(Codecs.aes("old").build());
		old.createSession(record("one")).block();
		old.subscribe("one", URI).block();
		SessionStore rotated = store(Codecs.aes("new", "old").build());
		rotated.subscribe("one", URI).block();

		rotated.unsubscribe("one", URI).block();

		assertThat(Objects.requireNonNull(this.inner.findSession("one").block()).subscriptions()).isEmpty();
		assertThat(uris(this.inner)).isEmpty();
	}

	@Test
	void passesOverASubscriptionThatItCannotRead() {
		SessionStore store = store(Codecs.aes("a").build());
		store.createSession(record("one")).block();
		store.subscribe("one", "file:///a").block();
		store(Codecs.aes("b").build()).subscribe("one", "file:///b").block();

		assertThat(Objects.requireNonNull(store.findSession("one").block()).subscriptions())
			.containsExactly("file:///a");
		assertThat(this.unreadable).containsExactly(PayloadPlace.Kind.SUBSCRIPTION);
		assertThat(uris(store)).hasSize(2).contains("file:///a");
		assertThat(this.unreadable).hasSize(1);
	}

	@Test
	void doesNotAcceptWhatIsNotEncryptedIfThatIsSo() {
		this.inner.createSession(record("one")).block();

		assertThat(store(Codecs.aes("a").build()).findSession("one").blockOptional()).isPresent();
		assertThat(store(Codecs.aes("a").acceptingPlain(false).build()).findSession("one").blockOptional()).isEmpty();
	}

	@Test
	void keepsTextsThatLookLikeEncodedOnes() {
		for (PayloadCodec codec : List.of(PayloadCodec.none(), Codecs.aes("a").encrypting(false).build(),
				Codecs.all())) {
			for (String odd : List.of("~", "~AgAB", "\u0002", "\u0003a", "\u0001", "")) {
				String id = "session" + this.unreadable.size() + System.identityHashCode(odd) + codec.hashCode();
				SessionStore store = store(codec);
				store.createSession(SessionRecord.initialized(id, odd, "2025-11-25", odd, "server")).block();
				// There is no resource without a URI
				String uri = odd.isEmpty() ? "~~" : odd;
				store.subscribe(id, uri).block();

				SessionRecord found = Objects.requireNonNull(store.findSession(id).block());

				assertThat(found.initializeRequest()).isEqualTo(odd);
				assertThat(found.owner()).isEqualTo(odd);
				assertThat(found.subscriptions()).containsExactly(uri);
				assertThat(store.findSubscribers(uri).block()).contains(id);
			}
		}
	}

	@Test
	void failsWhereACodecFails() {
		PayloadCodec empty = new PayloadCodec() {
			@Override
			public byte[] encode(PayloadPlace place, byte[] payload) {
				throw new IllegalArgumentException("encode");
			}

			@Override
			public byte[] decode(PayloadPlace place, byte[] stored) {
				return stored;
			}

			@Override
			public List<byte[]> encodeName(byte[] name) {
				return List.of();
			}
		};
		this.inner.createSession(record("one")).block();

		assertThatExceptionOfType(SessionStoreException.class)
			.isThrownBy(() -> store(empty).createSession(record("two")).block());
		assertThatExceptionOfType(SessionStoreException.class)
			.isThrownBy(() -> store(empty).subscribe("one", URI).block());
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

	@Nested
	class NotYetEncrypting extends EncodedContract {

		@Override
		PayloadCodec codec() {
			return Codecs.aes("a").encrypting(false).build();
		}

	}

	abstract static class EncodedContract extends AbstractInMemorySessionStoreTests {

		abstract PayloadCodec codec();

		private MonitoredSessionStore encoded(SessionStore inner) {
			return new EncodedSessionStore(inner, new Payloads(codec(), Codecs.NEVER));
		}

		@Override
		protected MonitoredSessionStore store() {
			return encoded(super.store());
		}

		@Override
		protected MonitoredSessionStore secondNode() {
			return encoded(super.secondNode());
		}

		@Override
		protected MonitoredSessionStore store(int maxSessions) {
			return encoded(super.store(maxSessions));
		}

		@Override
		protected MonitoredSessionStore store(Duration timeToLive) {
			return encoded(super.store(timeToLive));
		}

	}

}
