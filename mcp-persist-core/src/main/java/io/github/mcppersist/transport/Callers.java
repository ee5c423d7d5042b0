package io.github.mcppersist.transport;

import java.nio.charset.StandardCharsets;
import java.security.Principal;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.github.mcppersist.stream.JsonRpcError;

/**
 * Finds out who sends a request. Thread-safe.
 */
final class Callers {

	private static final Logger logger = LoggerFactory.getLogger(SessionOwnerResolver.class);

	private static final Rejection UNKNOWN_OWNER = new Rejection(500, JsonRpcError.INTERNAL_ERROR,
			"Internal error: the server can't tell who owns the session; its log says why", null, Map.of());

	private static final int MAX_LOGGED = 100;

	private final SessionOwnerResolver resolver;

	/**
	 * The kinds of failure that were logged.
	 */
	private final Set<String> logged = ConcurrentHashMap.newKeySet();

	Callers(SessionOwnerResolver resolver) {
		this.resolver = resolver;
	}

	/**
	 * Find out who sends a request.
	 * @param request the request
	 * @return who sends it
	 * @throws RejectedRequestException if that can't be told
	 */
	Caller of(EndpointRequest request) {
		Principal principal = request.principal();
		if (principal == null) {
			return new Caller(null, null);
		}
		try {
			return new Caller(requireText(this.resolver.resolveOwner(principal)), principal.getClass());
		}
		catch (Throwable ex) {
			failed(principal, ex);
			throw new RejectedRequestException(UNKNOWN_OWNER);
		}
	}

	// Stores would keep it as the name of another owner
	private static @Nullable String requireText(@Nullable String owner) {
		if (owner != null && !StandardCharsets.UTF_8.newEncoder().canEncode(owner)) {
			throw new IllegalStateException("The name of an owner has half of a pair of surrogates");
		}
		return owner;
	}

	// Each request of such a client fails: one line for each kind is enough
	private void failed(Principal principal, Throwable failure) {
		if (this.logged.size() < MAX_LOGGED
				&& this.logged.add(principal.getClass().getName() + ' ' + failure.getClass().getName())) {
			logger.error("A request was refused, since it can't be told who owns its session; "
					+ "more for this reason are logged at DEBUG", failure);
		}
		else {
			logger.debug("Again it can't be told who owns a session", failure);
		}
	}

}
