package io.github.mcppersist.transport;

import java.time.Duration;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

import io.github.mcppersist.stream.ReconnectPolicy;

/**
 * What the client of a connection is told of coming back, and whether it can be sent away
 * in the belief that it does. All clients of one protocol version should be alike in
 * this, and are not: what is known of each was found with the real ones, and is in
 * docs/architecture.md.
 */
final class ReconnectRules implements ReconnectPolicy {

	/**
	 * The clients of the TypeScript SDK and of the Python SDK, by what sends their
	 * requests. They read SSE as the HTML standard has it, and wait for as long as
	 * {@code retry:} says. Nobody else is believed to: the parser of the Java SDK's
	 * clients 1.0.0 to 2.0.1 fails on a line that it doesn't know.
	 */
	private static final Pattern BEARS_RETRY = Pattern.compile("node|undici|(Mozilla|Deno|Bun|python-httpx2?)/.*");

	/**
	 * What sends the requests of the Java SDK's clients. One of them resumes after a
	 * connection has broken, and takes an orderly end for the end of the stream: that it
	 * has come back says nothing of whether it would when the server closes.
	 */
	private static final Pattern JAVA = Pattern
		.compile("(Java-http-client|ReactorNetty|Jetty|Apache-HttpAsyncClient)/.*");

	private final Session session;

	private final @Nullable String userAgent;

	private final boolean cameBack;

	private final Duration retryInterval;

	/**
	 * Create the rules for one connection.
	 * @param session the session of the client
	 * @param userAgent what the request of the connection calls itself, if anything
	 * @param cameBack whether the request has a {@code Last-Event-ID}
	 * @param options has the reconnection time
	 */
	ReconnectRules(Session session, @Nullable String userAgent, boolean cameBack, StreamableHttpOptions options) {
		this.session = session;
		this.userAgent = userAgent;
		this.cameBack = cameBack;
		this.retryInterval = options.retryInterval();
	}

	@Override
	public boolean isPriming() {
		return this.session.isPriming();
	}

	/**
	 * Say whether the client comes back when the server closes the connection: it has
	 * come with this one, or has shown or been trusted to in its session.
	 * @return whether nothing is lost if the server closes it
	 */
	@Override
	public boolean comesBack() {
		return isPriming() && (this.session.isResuming() || hasComeBack());
	}

	/**
	 * Say whether the client has come back in a way that it will again.
	 * @return whether this connection shows that the client resumes
	 */
	boolean hasComeBack() {
		return this.cameBack && !isJava();
	}

	/**
	 * Return when the client is to come back.
	 * @return the reconnection time, or {@code null} for a client that may fail on it
	 */
	@Override
	public @Nullable Duration retry() {
		boolean bears = this.session.isResuming() ? !isJava() : matches(BEARS_RETRY);
		return (isPriming() && bears) ? this.retryInterval : null;
	}

	private boolean isJava() {
		return matches(JAVA);
	}

	private boolean matches(Pattern clients) {
		return this.userAgent != null && clients.matcher(this.userAgent).matches();
	}

}
