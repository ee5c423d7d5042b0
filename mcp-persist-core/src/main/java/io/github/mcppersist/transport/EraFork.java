package io.github.mcppersist.transport;

import io.github.mcppersist.modern.EraRules;
import io.github.mcppersist.modern.ModernHandler;
import io.github.mcppersist.modern.ModernRequest;
import io.github.mcppersist.modern.RequestHeaders;

/**
 * The fork between the eras: where the body of a POST has been read, what is modern goes
 * another way, and has nothing to do with sessions and streams that are stored.
 */
final class EraFork {

	private final ModernHandler modern;

	EraFork(ModernHandler modern) {
		this.modern = modern;
	}

	/**
	 * Say whether a request that isn't POSTed is a modern one, of which there are none.
	 * @param request the request
	 * @return whether it names a revision that isn't legacy
	 */
	static boolean isModern(EndpointRequest request) {
		return EraRules.isModern(request.header(HeaderRules.PROTOCOL_VERSION), HeaderRules.PROTOCOL_VERSIONS);
	}

	/**
	 * Read what is to be known of a POST when its body has come.
	 * @param request the request
	 * @param context what else is known of it
	 * @return where it waits for its body
	 */
	Arrival arrive(EndpointRequest request, CallerContext context) {
		RequestHeaders headers = RequestHeaders.read(request::header, request::headerNames);
		return new Arrival(this.modern, new ModernRequest(headers, context.caller().owner(), context.transportContext(),
				context.reactorContext(), context.carrier()));
	}

	/**
	 * A POST whose body is to come.
	 *
	 * @param modern handles it if it is modern
	 * @param request what is known of it
	 */
	record Arrival(ModernHandler modern, ModernRequest request) {

		/**
		 * Answer it, if it is a modern request.
		 * @param body the body
		 * @param reply answers it
		 * @return whether it is one
		 */
		boolean take(PostBody body, HttpReply reply) {
			if (!EraRules.isModern(body.single(), this.request.headers().protocolVersion(),
					HeaderRules.PROTOCOL_VERSIONS)) {
				return false;
			}
			Rejection rejection = body.rejection();
			if (rejection != null) {
				this.modern.refuse(rejection.status(), rejection.code(), rejection.message(), reply);
			}
			else {
				this.modern.handle(this.request, body.single(), reply);
			}
			return true;
		}

	}

}
