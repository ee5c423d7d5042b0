package io.github.mcppersist.payload;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.Revision;
import io.github.mcppersist.session.MonitoredSessionStore;
import io.github.mcppersist.session.SessionNotFoundException;
import io.github.mcppersist.session.SessionPage;
import io.github.mcppersist.session.SessionRecord;
import io.github.mcppersist.session.SessionStore;
import io.github.mcppersist.session.SessionStoreException;
import io.github.mcppersist.session.StoredSession;
import io.github.mcppersist.session.SubscribedUris;
import io.github.mcppersist.session.SubscriptionStore;

/**
 * A session store that encodes what it keeps of clients before another one stores it: the
 * parameters of {@code initialize}, the owner, subscriptions and answers. Protocol
 * version, log level, cursor, revision and the name of the server stay as they are.
 * <p>
 * Signals come on the threads of the other store, which also decode. What can't be
 * encoded fails with a {@link SessionStoreException}. A session that can't be decoded is
 * not found: its client begins anew, which is all that helps, since this node will never
 * be able to read it. An answer that can't be decoded is found without content, since
 * somebody waits for it.
 */
public final class EncodedSessionStore implements MonitoredSessionStore {

	private static final byte[] NO_CONTENT = {};

	private static final PayloadPlace SUBSCRIPTION = new PayloadPlace(PayloadPlace.Kind.SUBSCRIPTION, "", "");

	private final SessionStore store;

	private final @Nullable MonitoredSessionStore monitored;

	private final Payloads payloads;

	/**
	 * Wrap a store.
	 * @param store the store
	 * @param payloads encodes and decodes
	 */
	public EncodedSessionStore(SessionStore store, Payloads payloads) {
		this.store = store;
		this.monitored = (store instanceof MonitoredSessionStore known) ? known : null;
		this.payloads = payloads;
	}

	@Override
	public Mono<Void> createSession(SessionRecord session) {
		return encoded(() -> this.store.createSession(encode(session)));
	}

	private SessionRecord encode(SessionRecord session) {
		String id = session.sessionName();
		String owner = session.owner();
		return with(session, this.payloads.encode(initializeRequest(id), session.initializeRequest()),
				(owner != null) ? this.payloads.encode(owner(id), owner) : null,
				session.subscriptions().stream().map(this::encodedName).collect(Collectors.toSet()));
	}

	private static SessionRecord with(SessionRecord session, String initializeRequest, @Nullable String owner,
			Set<String> subscriptions) {
		return new SessionRecord(session.sessionName(), initializeRequest, session.protocolVersion(), owner,
				session.server(), session.logLevel(), subscriptions, session.standaloneCursor(), session.resuming(),
				session.revision());
	}

	private static PayloadPlace initializeRequest(String sessionName) {
		return new PayloadPlace(PayloadPlace.Kind.SESSION, sessionName, "initialize");
	}

	private static PayloadPlace owner(String sessionName) {
		return new PayloadPlace(PayloadPlace.Kind.SESSION, sessionName, "owner");
	}

	private static <T> Mono<T> encoded(Supplier<Mono<T>> call) {
		try {
			return call.get();
		}
		catch (IllegalStateException ex) {
			return Mono.error(new SessionStoreException("What is known of a session can't be encoded", ex));
		}
	}

	/**
	 * Find a session whether it can be decoded or not.
	 * @param sessionName the session
	 * @return its record as the other store has it, or nothing if there is none
	 */
	public Mono<SessionRecord> findUndecoded(String sessionName) {
		return this.store.findSession(sessionName);
	}

	@Override
	public Mono<SessionRecord> findSession(String sessionName) {
		return this.store.findSession(sessionName).mapNotNull(this::decode);
	}

	private @Nullable SessionRecord decode(SessionRecord stored) {
		String id = stored.sessionName();
		String owner = stored.owner();
		try {
			return with(stored, this.payloads.decode(initializeRequest(id), stored.initializeRequest()),
					(owner != null) ? this.payloads.decode(owner(id), owner) : null, decode(stored.subscriptions()));
		}
		catch (UnreadablePayloadException ex) {
			return null;
		}
	}

	private Set<String> decode(Collection<String> names) {
		Set<String> uris = new HashSet<>();
		for (String name : names) {
			try {
				uris.add(this.payloads.decode(SUBSCRIPTION, name));
			}
			catch (UnreadablePayloadException ex) {
				// Its session isn't subscribed to it any more
			}
		}
		return uris;
	}

	private String encodedName(String uri) {
		return this.payloads.encodeName(uri).get(0);
	}

	@Override
	public Mono<Revision> setLogLevel(String sessionName, String logLevel) {
		return this.store.setLogLevel(sessionName, logLevel);
	}

	@Override
	public Mono<Revision> setResuming(String sessionName) {
		return this.store.setResuming(sessionName);
	}

	@Override
	public Mono<Revision> subscribe(String sessionName, String uri) {
		SubscriptionStore.requireUri(uri);
		return encoded(() -> this.store.subscribe(sessionName, encodedName(uri)));
	}

	/**
	 * End a subscription, under whichever names it is stored: another node may have other
	 * keys, and the keys of this one may have been others. What isn't stored isn't named
	 * to the other store as it is, unless that is how it would be stored now.
	 */
	@Override
	public Mono<Revision> unsubscribe(String sessionName, String uri) {
		SubscriptionStore.requireUri(uri);
		return encoded(() -> {
			List<String> names = this.payloads.encodeName(uri);
			String current = names.get(0);
			if (names.size() == 1) {
				return this.store.unsubscribe(sessionName, current);
			}
			return this.store.findSession(sessionName)
				.map((stored) -> names.stream().filter(stored.subscriptions()::contains).toList())
				.filter((found) -> !found.isEmpty())
				.defaultIfEmpty(names.stream().filter((name) -> name.equals(current) || !name.equals(uri)).toList())
				.flatMapMany(Flux::fromIterable)
				.concatMap((name) -> this.store.unsubscribe(sessionName, name)
					.onErrorComplete(SessionNotFoundException.class))
				.takeLast(1)
				.next()
				.switchIfEmpty(Mono.error(SessionNotFoundException::new));
		});
	}

	@Override
	public Mono<Set<String>> findSubscribers(String uri) {
		return encoded(() -> Flux.fromIterable(this.payloads.encodeName(uri))
			.concatMap(this.store::findSubscribers)
			.flatMapIterable(Function.identity())
			.collect(Collectors.toSet()));
	}

	/**
	 * Find resources. A name that can't be decoded is left as it is, and not reported
	 * each time: it is when the record of its session is read. One that isn't the name
	 * that the resource would be stored under now comes beside its URI: there may be two
	 * of one resource while keys are changed, and each counts in the total.
	 */
	@Override
	public Mono<SubscribedUris> findSubscribedUris(long after) {
		return this.store.findSubscribedUris(after)
			.map((found) -> new SubscribedUris(found.uris().stream().flatMap(this::decodeName).toList(), found.after(),
					found.more(), found.total()));
	}

	private Stream<String> decodeName(String name) {
		try {
			String uri = this.payloads.decodeQuietly(SUBSCRIPTION, name);
			return name.equals(encodedName(uri)) ? Stream.of(uri) : Stream.of(uri, name);
		}
		catch (UnreadablePayloadException ex) {
			return Stream.of(name);
		}
	}

	@Override
	public Mono<Void> moveStandaloneCursor(String sessionName, EventId cursor, @Nullable EventId gone) {
		return this.store.moveStandaloneCursor(sessionName, cursor, gone);
	}

	@Override
	public Mono<Void> renewSessions(Collection<String> sessionNames) {
		return this.store.renewSessions(sessionNames);
	}

	@Override
	public Mono<Void> storeAnswer(String sessionName, String requestId, byte[] answer) {
		return encoded(() -> this.store.storeAnswer(sessionName, requestId,
				this.payloads.encode(PayloadPlace.answer(sessionName, requestId), answer)));
	}

	@Override
	public Mono<Map<String, byte[]>> findAnswers(String sessionName, Collection<String> requestIds) {
		return this.store.findAnswers(sessionName, requestIds).map((stored) -> {
			Map<String, byte[]> answers = new HashMap<>();
			stored.forEach((requestId, answer) -> answers.put(requestId, decode(sessionName, requestId, answer)));
			return answers;
		});
	}

	private byte[] decode(String sessionName, String requestId, byte[] stored) {
		try {
			return this.payloads.decode(PayloadPlace.answer(sessionName, requestId), stored);
		}
		catch (UnreadablePayloadException ex) {
			return NO_CONTENT;
		}
	}

	@Override
	public Mono<Void> removeAnswers(String sessionName, Collection<String> requestIds) {
		return this.store.removeAnswers(sessionName, requestIds);
	}

	@Override
	public Mono<Void> deleteSession(String sessionName) {
		return this.store.deleteSession(sessionName);
	}

	/**
	 * Find sessions. What can't be decoded of one is left out.
	 * @throws UnsupportedOperationException if the other store can't find any
	 */
	@Override
	public Mono<SessionPage> findSessions(@Nullable String cursor, int size) {
		return monitored().findSessions(cursor, size)
			.map((page) -> new SessionPage(page.sessions().stream().map(this::decode).toList(), page.next()));
	}

	/**
	 * Describe a session. What can't be decoded of it is left out.
	 * @throws UnsupportedOperationException if the other store can't describe any
	 */
	@Override
	public Mono<StoredSession> describeSession(String sessionName) {
		return monitored().describeSession(sessionName).map(this::decode);
	}

	private MonitoredSessionStore monitored() {
		if (this.monitored == null) {
			throw new UnsupportedOperationException("The session store shows nothing of what it holds");
		}
		return this.monitored;
	}

	private StoredSession decode(StoredSession stored) {
		String id = stored.sessionName();
		return new StoredSession(id, decodeOrNull(initializeRequest(id), stored.initializeRequest()),
				stored.protocolVersion(), decodeOrNull(owner(id), stored.owner()), stored.server(), stored.node(),
				stored.age(), stored.idle());
	}

	private @Nullable String decodeOrNull(PayloadPlace place, @Nullable String stored) {
		try {
			return (stored != null) ? this.payloads.decode(place, stored) : null;
		}
		catch (UnreadablePayloadException ex) {
			return null;
		}
	}

	@Override
	public Duration timeToLive() {
		return this.store.timeToLive();
	}

	@Override
	public Duration renewalInterval() {
		return this.store.renewalInterval();
	}

}
