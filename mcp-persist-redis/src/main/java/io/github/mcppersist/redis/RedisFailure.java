package io.github.mcppersist.redis;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

/**
 * Why a call failed, whichever driver made it. An error that Redis itself answered is
 * known by the code at its beginning, which every driver leaves in a message somewhere in
 * the chain of causes; what has no such code is a failure of the connection.
 *
 * @param kind what follows from the failure
 * @param message what happened, and what to do about it
 * @param cause what the driver reported
 */
record RedisFailure(Kind kind, String message, @Nullable Throwable cause) {

	private static final Pattern ERROR_CODE = Pattern.compile("^-?([A-Z]{3,})\\b");

	/**
	 * Redis 6 wraps what a script's command answered into an error of its own.
	 */
	private static final Pattern ERROR_IN_SCRIPT = Pattern.compile("-(OOM|READONLY|MISCONF|NOREPLICAS|NOPERM)\\b");

	/**
	 * Redis 7 has no code for it.
	 */
	private static final String DENIED_IN_SCRIPT = "The user executing the script can't";

	static RedisFailure of(Throwable failure) {
		Throwable current = failure;
		for (int depth = 0; current != null && depth < 10; depth++) {
			String text = current.getMessage();
			if (text != null) {
				Matcher inScript = ERROR_IN_SCRIPT.matcher(text);
				if (inScript.find()) {
					return answered(inScript.group(1), text, failure);
				}
				if (text.contains(DENIED_IN_SCRIPT)) {
					return answered("NOPERM", text, failure);
				}
				Matcher code = ERROR_CODE.matcher(text);
				if (code.find()) {
					return answered(code.group(1), text, failure);
				}
			}
			current = current.getCause();
		}
		return new RedisFailure(Kind.CONNECTION, "Redis can't be reached: " + rootMessage(failure), failure);
	}

	static RedisFailure timeout(long millis) {
		return new RedisFailure(Kind.CONNECTION, "Redis didn't answer within " + millis + " ms", null);
	}

	private static RedisFailure answered(String code, String text, Throwable failure) {
		return switch (code) {
			case "NOSCRIPT" -> new RedisFailure(Kind.NOSCRIPT, text, failure);
			case "LOADING", "TRYAGAIN", "CLUSTERDOWN", "MOVED", "ASK", "MASTERDOWN", "BUSY" ->
				new RedisFailure(Kind.PASSING, "Redis isn't ready: " + text, failure);
			case "OOM" -> new RedisFailure(Kind.WRITES_REFUSED,
					"Redis is out of memory and refuses writes. Raise maxmemory, or lower the time to live of completed streams: "
							+ text,
					failure);
			case "READONLY" -> new RedisFailure(Kind.WRITES_REFUSED,
					"The Redis in use is a read-only replica. Connect to the primary: " + text, failure);
			case "MISCONF", "NOREPLICAS" ->
				new RedisFailure(Kind.WRITES_REFUSED, "Redis refuses writes: " + text, failure);
			case "NOAUTH", "WRONGPASS", "NOPERM" -> new RedisFailure(Kind.NO_ACCESS,
					"Redis denies access. Check spring.data.redis.username and .password, and the user's rights: "
							+ text,
					failure);
			default -> new RedisFailure(Kind.REFUSED, "Redis refused a call: " + text, failure);
		};
	}

	private static String rootMessage(Throwable failure) {
		Throwable root = failure;
		for (int depth = 0; root.getCause() != null && depth < 10; depth++) {
			root = root.getCause();
		}
		String text = root.getMessage();
		return (text != null) ? text : root.getClass().getSimpleName();
	}

	/**
	 * What follows from a failure.
	 */
	enum Kind {

		/**
		 * Redis isn't reached: neither reads nor writes work.
		 */
		CONNECTION,

		/**
		 * Redis denies access: neither reads nor writes work.
		 */
		NO_ACCESS,

		/**
		 * Reads work, writes don't.
		 */
		WRITES_REFUSED,

		/**
		 * It passes by itself in a moment.
		 */
		PASSING,

		/**
		 * The script must be sent once more, with its body.
		 */
		NOSCRIPT,

		/**
		 * This one call was refused.
		 */
		REFUSED

	}

}
