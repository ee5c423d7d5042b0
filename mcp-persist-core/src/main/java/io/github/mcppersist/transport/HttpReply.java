package io.github.mcppersist.transport;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

import io.modelcontextprotocol.spec.HttpHeaders;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.github.mcppersist.modern.ModernReply;
import io.github.mcppersist.stream.SseOutput;

/**
 * The answer to one HTTP request, as the handlers give it. It is never cached: an answer
 * is for one client, at one time, and a cache in between would give a 404 or 204 to the
 * next one as well. And it is the one place where refusals are sent and logged.
 */
final class HttpReply implements EndpointResponse, ModernReply {

	private static final Logger logger = LoggerFactory.getLogger(HttpReply.class);

	private static final byte[] NOTHING = new byte[0];

	private final String method;

	private final EndpointResponse response;

	/**
	 * Create a reply.
	 * @param method the HTTP method of the request
	 * @param response the response of the adapter
	 */
	HttpReply(String method, EndpointResponse response) {
		this.method = method;
		this.response = response;
	}

	@Override
	public void send(int status, Map<String, String> headers, byte[] body) {
		this.response.send(status, uncached(headers), body);
	}

	@Override
	public void stream(Map<String, String> headers, Publisher<byte[]> chunks) {
		this.response.stream(uncached(headers), chunks);
	}

	/**
	 * Answer with Server-Sent Events.
	 * @param refusal says why not, if the stream has ended before it began, with nothing
	 * to say; {@code null} if that is as it should be
	 * @return the response, for a stream's output
	 */
	SseOutput.Response events(Supplier<@Nullable Rejection> refusal) {
		return new SseOutput.Response() {

			@Override
			public void send(byte[] frames) {
				sendEvents(frames);
			}

			@Override
			public void stream(Publisher<byte[]> chunks) {
				HttpReply.this.stream(SseOutput.HEADERS, chunks);
			}

			@Override
			public void refuse() {
				Rejection rejection = refusal.get();
				if (rejection != null) {
					HttpReply.this.refuse(rejection);
				}
				else {
					sendEvents(NOTHING);
				}
			}

		};
	}

	/**
	 * Answer with all that there is of a stream of Server-Sent Events.
	 * @param frames the events, maybe none
	 */
	void sendEvents(byte[] frames) {
		send(200, SseOutput.HEADERS, frames);
	}

	/**
	 * Answer without a body.
	 * @param status the HTTP status
	 */
	void send(int status) {
		send(status, Map.of(), NOTHING);
	}

	/**
	 * Answer with a JSON-RPC message.
	 * @param message the message
	 */
	void send(byte[] message) {
		send(200, Map.of(HttpHeaders.CONTENT_TYPE, "application/json"), message);
	}

	void refuse(Rejection rejection) {
		logger.debug("A {} was refused with {}: {}", this.method, rejection.status(), rejection.message());
		Map<String, String> headers = new LinkedHashMap<>(rejection.headers());
		headers.put(HttpHeaders.CONTENT_TYPE, "application/json");
		send(rejection.status(), headers, rejection.body());
	}

	/**
	 * Run what answers at the end of a chain of Reactor's, which throws errors on, to
	 * where nobody would answer.
	 * @param answer answers, or else a refusal does
	 */
	void orRefuse(Runnable answer) {
		try {
			answer.run();
		}
		catch (Throwable ex) {
			refuse(Rejection.failed(ex));
		}
	}

	// What is a stream, sent as a whole, has its own that says more
	private static Map<String, String> uncached(Map<String, String> headers) {
		Map<String, String> all = new LinkedHashMap<>(headers);
		all.putIfAbsent(HttpHeaders.CACHE_CONTROL, "no-store");
		return all;
	}

}
