package io.github.mcppersist.transport;

import java.time.Duration;

import reactor.core.publisher.Mono;

import io.github.mcppersist.stream.Threads;

/**
 * What an endpoint does again and again by itself, and how often: looks after its
 * connections, renews what it holds, lets go what isn't used, stores what could not be
 * stored, and looks for what it may have missed.
 */
final class Upkeep {

	private static final Duration MAX_TICK = Duration.ofSeconds(1);

	private static final Duration MAX_LETTING_GO = Duration.ofSeconds(10);

	private static final Duration MIN_PERIOD = Duration.ofMillis(10);

	private static final Duration MIN_RENEWAL = Duration.ofMillis(100);

	/**
	 * How soon another node knows how far a client has got on its standalone stream, if
	 * this one dies.
	 */
	private static final Duration INTERVAL = Duration.ofSeconds(1);

	private final EndpointRuntime runtime;

	private final Sessions sessions;

	private final Runnable look;

	/**
	 * Create it.
	 * @param runtime has the connections, the options and the stores
	 * @param sessions the sessions that this node holds
	 * @param look finds out what messages of other nodes may have told
	 */
	Upkeep(EndpointRuntime runtime, Sessions sessions, Runnable look) {
		this.runtime = runtime;
		this.sessions = sessions;
		this.look = look;
	}

	/**
	 * Begin, with the first turn of each after one period. It ends with the threads.
	 */
	void start() {
		Threads threads = this.runtime.threads();
		Duration cacheTimeout = shorter(this.runtime.options().sessionCacheTimeout(),
				this.runtime.sessionStore().timeToLive());
		threads.repeat(tick(), () -> atOnce(this::tickAll));
		threads.repeat(longer(shorter(cacheTimeout.dividedBy(4), MAX_LETTING_GO), MIN_PERIOD),
				() -> atOnce(() -> this.sessions.letGoUnused(cacheTimeout)));
		threads.repeat(longer(this.runtime.store().timeToLive().dividedBy(3), MIN_RENEWAL),
				this.sessions::renewStreams);
		threads.repeat(longer(this.runtime.sessionStore().renewalInterval(), MIN_PERIOD), this.sessions::renewSessions);
		// By itself: it says each second what isn't stored yet, whatever the store does
		threads.repeat(INTERVAL, () -> atOnce(this.sessions::noteUnsaved));
		threads.repeat(INTERVAL, this.sessions::save);
		threads.repeat(INTERVAL, this.sessions::finishDeletions);
		threads.repeat(INTERVAL, this.sessions::noteCursors);
		threads.repeat(this.runtime.options().lookInterval(), () -> atOnce(this.look));
	}

	private void tickAll() {
		this.runtime.streams().connections().forEach((connection) -> {
			if (this.runtime.isLeaving()) {
				connection.leave();
			}
			connection.tick();
		});
	}

	private Duration tick() {
		Duration tick = shorter(this.runtime.options().heartbeatInterval().dividedBy(2), MAX_TICK);
		Duration maxAge = this.runtime.options().maxConnectionAge();
		return longer((maxAge != null) ? shorter(maxAge.dividedBy(2), tick) : tick, MIN_PERIOD);
	}

	private static Mono<Void> atOnce(Runnable task) {
		task.run();
		return Mono.empty();
	}

	private static Duration shorter(Duration one, Duration other) {
		return (one.compareTo(other) < 0) ? one : other;
	}

	private static Duration longer(Duration one, Duration other) {
		return (one.compareTo(other) > 0) ? one : other;
	}

}
