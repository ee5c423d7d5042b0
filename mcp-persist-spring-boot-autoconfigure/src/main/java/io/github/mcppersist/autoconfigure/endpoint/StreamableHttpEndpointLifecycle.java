package io.github.mcppersist.autoconfigure.endpoint;

import java.time.Duration;
import java.util.List;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import reactor.core.publisher.Flux;

import io.github.mcppersist.transport.StreamableHttpEndpoint;

/**
 * Shuts the endpoints down, all at once, when the application stops, at the same time as
 * the web server shuts down gracefully: that takes no new connections from the first
 * moment, so that a load balancer turns to another instance; running requests may end on
 * their own connections; and connections that a client never closes don't hold it up.
 */
final class StreamableHttpEndpointLifecycle implements SmartLifecycle {

	private static final Logger logger = LoggerFactory.getLogger(StreamableHttpEndpointLifecycle.class);

	/**
	 * That of the web server's graceful shutdown.
	 */
	static final int PHASE = SmartLifecycle.DEFAULT_PHASE - 1024;

	private final List<StreamableHttpEndpoint> endpoints;

	private final Duration grace;

	private volatile boolean running;

	/**
	 * Create the lifecycle.
	 * @param endpoints the endpoints
	 * @param grace how long running requests may take to end
	 */
	StreamableHttpEndpointLifecycle(List<StreamableHttpEndpoint> endpoints, Duration grace) {
		this.endpoints = List.copyOf(endpoints);
		this.grace = grace;
	}

	@Override
	public void start() {
		this.running = true;
	}

	@Override
	public void stop() {
		stop(() -> {
		});
	}

	@Override
	public void stop(Runnable callback) {
		this.running = false;
		Flux.fromIterable(this.endpoints)
			.flatMapDelayError((endpoint) -> endpoint.shutDown(this.grace), Math.max(1, this.endpoints.size()), 1)
			.doFinally((signal) -> callback.run())
			.subscribe((ignored) -> {
			}, (ex) -> logger.warn("An MCP endpoint was not closed in order", ex));
	}

	@Override
	public int getPhase() {
		return PHASE;
	}

	@Override
	public boolean isRunning() {
		return this.running;
	}

	/**
	 * A closed endpoint can't be opened again, so it stays open while the application is
	 * merely paused.
	 */
	@Override
	public boolean isPauseable() {
		return false;
	}

}
