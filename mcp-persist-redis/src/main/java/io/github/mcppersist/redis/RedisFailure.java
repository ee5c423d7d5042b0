package io.github.mcppersist.redis;

import java.net.ConnectException;
import java.net.UnknownHostException;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateExpiredException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

import javax.net.ssl.SSLException;

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

	/**
	 * Spring Boot passes host, port, user and password over where there is a URL.
	 */
	private static final String UNLESS_URL = ", or spring.data.redis.url, which goes before them where it is set";

	/**
	 * Lettuce begins with a command's name as well, and puts a full stop behind it.
	 */
	private static final Pattern ERROR_CODE = Pattern.compile("^-?([A-Z]{3,})(?= |$)");

	/**
	 * Redis 6 wraps what a script's command answered into an error of its own.
	 */
	private static final Pattern ERROR_IN_SCRIPT = Pattern.compile("@user_script: ?\\d+: -?([A-Z]{3,})(?= )");

	private static final Pattern REFUSES_WRITES = Pattern.compile("\\b(OOM|MISCONF|NOREPLICAS)\\b");

	/**
	 * What {@code probe.lua} puts behind an error.
	 */
	private static final Pattern PROBED = Pattern.compile("\\(([A-Z]+) in probe\\.lua\\)");

	/**
	 * The same, or the command that Redis names.
	 */
	private static final Pattern COMMAND = Pattern
		.compile("(?:the '|unknown command [`']|\\()([A-Za-z|]+)(?:['`]| in probe)");

	/**
	 * Versions word a missing right differently, in scripts without a code.
	 */
	private static final Pattern MISSING_RIGHT = Pattern.compile(
			"NOPERM|ACL failure|unknown command|unknown redis command|unknown subcommand|command not allowed"
					+ "|can't run this command|can't access at least one of|can't publish to|no permissions",
			Pattern.CASE_INSENSITIVE);

	/**
	 * What Redis answers to what is beyond its {@code proto-max-bulk-len}.
	 */
	private static final Pattern TOO_LARGE = Pattern.compile("exceeds maximum allowed size|proto-max-bulk-len");

	private static final Pattern MOVED = Pattern.compile("^-?MOVED\\b");

	/**
	 * Redis 6 has it behind other words where a script met it.
	 */
	private static final Pattern WRONG_TYPE = Pattern.compile("\\bWRONGTYPE\\b");

	private static final int MAX_CAUSES = 20;

	/**
	 * What a driver says if a server closes a connection before it has answered, or
	 * answers otherwise than Redis does.
	 */
	private static final Pattern NOT_REDIS = Pattern.compile("closed prematurely|end of stream|Connection reset"
			+ "|Broken pipe|Unknown reply|Invalid first byte|first byte|Cannot parse|Protocol error");

	/**
	 * What says that there are too few connections, and not that there is nobody.
	 */
	private static final Pattern LACK = Pattern
		.compile("max number of clients|Timeout waiting for idle object|Pool exhausted|Too many open files");

	/**
	 * Say why a call failed.
	 * @param failure what the driver reported
	 * @param address where Redis is
	 * @return the failure
	 */
	static RedisFailure of(Throwable failure, String address) {
		List<Throwable> causes = causes(failure);
		String unreachable = unreachable(causes, address);
		if (unreachable != null) {
			return new RedisFailure(Kind.CONNECTION, unreachable, failure);
		}
		for (Throwable cause : causes) {
			String text = cause.getMessage();
			if (text != null) {
				Matcher inScript = ERROR_IN_SCRIPT.matcher(text);
				if (inScript.find()) {
					return answered(inScript.group(1), text, failure, address);
				}
				Matcher code = ERROR_CODE.matcher(text);
				if (code.find()) {
					return answered(code.group(1), text, failure, address);
				}
			}
		}
		return new RedisFailure(Kind.CONNECTION, "Redis at " + address + " can't be reached: " + rootMessage(causes),
				failure);
	}

	/**
	 * Say why an attempt to connect failed. What Redis answers to that is no refusal of
	 * one call.
	 * @param failure what the driver reported
	 * @param address where Redis is
	 * @return the failure, which is of all calls
	 */
	static RedisFailure connecting(Throwable failure, String address) {
		RedisFailure reason = of(failure, address);
		return switch (reason.kind()) {
			case CONNECTION, NO_ACCESS -> reason;
			case WRITES_REFUSED, READ_ONLY, PASSING, SLOT, NOSCRIPT, REFUSED, CALL_REFUSED, UNKNOWN ->
				new RedisFailure(Kind.CONNECTION, reason.message(), failure);
		};
	}

	/**
	 * The connection broke on one write, again and again.
	 * @param bytes how large it is
	 * @param address where Redis is
	 * @param last how it broke for the last time
	 * @return the failure, which is of that write
	 */
	static RedisFailure tooLarge(long bytes, String address, RedisFailure last) {
		return new RedisFailure(Kind.CALL_REFUSED,
				"The connection to Redis at " + address + " breaks, or its time is up, each time that these " + bytes
						+ " bytes are sent, and others get through. They are more than proto-max-bulk-len, or a proxy "
						+ "before it, lets through: " + last.message(),
				last.cause());
	}

	/**
	 * A server of a Cluster is asked as if it were alone.
	 * @param answer what it says
	 * @param address where it is
	 * @return the failure
	 */
	static RedisFailure cluster(RedisFailure answer, String address) {
		return new RedisFailure(Kind.REFUSED,
				"Redis at " + address + " is a node of a Cluster. Set "
						+ "spring.data.redis.cluster.nodes instead of .host, .port and .url: " + answer.message(),
				answer.cause());
	}

	/**
	 * A key holds something else than what it is to hold.
	 * @param answer what Redis says, which is not which key
	 * @param key the first key of the call
	 * @param address where Redis is
	 * @return the failure, which is of that call
	 */
	static RedisFailure foreignKey(RedisFailure answer, String key, String address) {
		return new RedisFailure(Kind.CALL_REFUSED, "Redis at " + address
				+ " refuses the call. Somebody else uses the key '" + key
				+ "', or one beside it in its slot, or a build from before the first release did. Delete it, or set "
				+ "another mcp.persist.key-prefix: " + answer.message(), answer.cause());
	}

	/**
	 * Say whether a key holds something else than what it is to hold.
	 * @return whether it does
	 */
	boolean isForeignKey() {
		Throwable cause = this.cause;
		return this.kind == Kind.CALL_REFUSED && cause != null && causes(cause).stream()
			.anyMatch((each) -> WRONG_TYPE.matcher(String.valueOf(each.getMessage())).find());
	}

	/**
	 * Return which command a probe was refused.
	 * @return the command, or {@code null} if it was refused as a whole, or this is of no
	 * probe
	 */
	@Nullable String probedCommand() {
		Matcher probed = PROBED.matcher(this.message);
		return probed.find() ? probed.group(1) : null;
	}

	/**
	 * Return what is refused, whoever asks for it and wherever: to somebody who has to
	 * act it is one.
	 * @return what is missing, and for which command, if Redis says that; else the kind
	 */
	String refused() {
		String missing = MISSING_RIGHT.matcher(this.message)
			.results()
			.map(MatchResult::group)
			.collect(Collectors.joining(" "));
		Matcher command = COMMAND.matcher(this.message);
		String what = missing + (command.find() ? " " + command.group(1) : "");
		return this.kind + what.toLowerCase(Locale.ROOT);
	}

	/**
	 * Connections that there are work, and no other can be opened.
	 * @param address where Redis is
	 * @return the failure
	 */
	RedisFailure ofFurtherConnections(String address) {
		return new RedisFailure(Kind.REFUSED,
				"Redis at " + address
						+ " refuses further connections, and calls wait for those that there are. Has the "
						+ "password changed, or is maxclients reached? " + this.message,
				this.cause);
	}

	/**
	 * Calls work, and the connection on which this node hears of others can't be opened.
	 * @return the failure
	 */
	RedisFailure ofSubscription() {
		return new RedisFailure(Kind.REFUSED,
				"Calls work, but the connection on which this instance hears of the others can't be opened. Has the "
						+ "password changed, or is maxclients reached? " + this.message,
				this.cause);
	}

	/**
	 * What this node publishes doesn't come back to it, whichever connection it
	 * subscribes on.
	 * @param address where Redis is
	 * @return the failure
	 */
	static RedisFailure deaf(String address) {
		return new RedisFailure(Kind.REFUSED, "Calls work, but what this instance publishes at " + address
				+ " doesn't come back to it, nor does what others do. Is one of its nodes a second primary, or a replica "
				+ "that has lost its primary? Or does a proxy publish elsewhere than it subscribes?", null);
	}

	/**
	 * A slot is on its way to another server for longer than a call waits.
	 * @param slots the numbers of all slots of which that is so
	 * @return the failure
	 */
	RedisFailure ofSlots(String slots) {
		return new RedisFailure(Kind.SLOT, "Resharding has not come to an end in slot " + slots
				+ ", where streams and sessions can't begin until it has: see redis-cli --cluster check and fix. "
				+ this.message, this.cause);
	}

	/**
	 * It was tried again, to the same answer.
	 * @return the failure, which is of that call
	 */
	RedisFailure asRefused() {
		return new RedisFailure(Kind.CALL_REFUSED, this.message, this.cause);
	}

	/**
	 * It was tried again, to the same answer, and nothing shows that others fare better.
	 * @return the failure, which is of all writes
	 */
	RedisFailure asOutage() {
		return new RedisFailure(Kind.WRITES_REFUSED, this.message, this.cause);
	}

	/**
	 * Say whether a connection that there was broke, or was closed by Redis.
	 * @return whether it did
	 */
	boolean isBreak() {
		Throwable cause = this.cause;
		return cause != null && causes(cause).stream()
			.anyMatch((each) -> NOT_REDIS.matcher(String.valueOf(each.getMessage())).find());
	}

	/**
	 * Say whether another server of a Cluster is to be asked from now on, which a driver
	 * that knows of Clusters does by itself.
	 * @return whether it is
	 */
	boolean isMoved() {
		Throwable cause = this.cause;
		return this.kind == Kind.SLOT && cause != null
				&& causes(cause).stream().anyMatch((each) -> MOVED.matcher(String.valueOf(each.getMessage())).find());
	}

	/**
	 * Say whether the driver had closed the connection before it sent the call.
	 * @return whether it had
	 */
	boolean isClosed() {
		Throwable cause = this.cause;
		return cause != null && causes(cause).stream()
			.anyMatch((each) -> String.valueOf(each.getMessage()).startsWith("Connection closed"));
	}

	/**
	 * Say whether one more connection could not be opened for want of connections, if
	 * others work, so that the call was not sent. A pool opens one when none of its own
	 * is free. Where nobody listens or answers, that is no want of connections.
	 * @return whether it was
	 */
	boolean isLack() {
		Throwable cause = this.cause;
		return this.kind == Kind.NO_ACCESS
				|| (this.kind == Kind.CONNECTION && cause != null && saysThatThereAreTooFew(causes(cause)));
	}

	// A server that has no room may just close the connection, and no message says when
	private static boolean saysThatThereAreTooFew(List<Throwable> causes) {
		return causes.stream().anyMatch((each) -> LACK.matcher(String.valueOf(each.getMessage())).find())
				|| (causes.stream().anyMatch((each) -> NOT_REDIS.matcher(String.valueOf(each.getMessage())).find())
						&& causes.stream()
							.flatMap((each) -> Arrays.stream(each.getStackTrace()))
							.anyMatch((frame) -> frame.getMethodName().equals("makeObject")));
	}

	/**
	 * Return what it is about: to somebody who has to act, failures with one topic are
	 * the same. Whoever is away, and loads its data, comes back by itself.
	 * @return the code by which Redis refuses writes, else the kind
	 */
	String topic() {
		return switch (this.kind) {
			case PASSING -> Kind.CONNECTION.name();
			case WRITES_REFUSED -> {
				Matcher code = REFUSES_WRITES.matcher(this.message);
				yield code.find() ? code.group() : this.kind.name();
			}
			default -> this.kind.name();
		};
	}

	/**
	 * Say whether all that is known is that there was no answer in time, or that a
	 * connection has ended.
	 * @return whether the next attempt to connect may say why
	 */
	boolean isUnexplained() {
		return this.kind == Kind.CONNECTION && (this.cause == null || isBreak());
	}

	/**
	 * Say whether nobody waited any longer for the call, which doesn't say why it took so
	 * long.
	 * @return whether it was given up
	 */
	boolean isGivenUp() {
		Throwable cause = this.cause;
		return cause != null && causes(cause).stream()
			.anyMatch((each) -> each instanceof InterruptedException && !waitedForPool(each));
	}

	private static boolean waitedForPool(Throwable cause) {
		return cause instanceof InterruptedException && Arrays.stream(cause.getStackTrace())
			.anyMatch((frame) -> frame.getMethodName().equals("borrowObject"));
	}

	/**
	 * Say whether this is a replica that has lost its primary and answers nothing: the
	 * address may lead to the primary by now.
	 * @return whether it is
	 */
	boolean isElsewhere() {
		return answers("MASTERDOWN");
	}

	boolean isLoading() {
		return answers("LOADING");
	}

	private boolean answers(String code) {
		return this.kind == Kind.PASSING && this.message.contains(code);
	}

	/**
	 * A server was tried, and accepts no connection.
	 * @param address where it is
	 * @return the failure
	 */
	static RedisFailure notAccepting(String address) {
		String message = nothingAccepts(address);
		return new RedisFailure(Kind.CONNECTION, message, new ConnectException(message));
	}

	static RedisFailure timeout(long millis, String address) {
		return new RedisFailure(Kind.CONNECTION, "Redis at " + address + " didn't answer within " + millis + " ms",
				null);
	}

	/**
	 * There is no connection yet, and no attempt has failed yet either.
	 * @param millis how long a call waited for one
	 * @param address where Redis is
	 * @return the failure
	 */
	static RedisFailure unconnected(long millis, String address) {
		return new RedisFailure(Kind.CONNECTION, "Redis at " + address + " didn't answer within " + millis
				+ " ms: there is no connection to it yet. "
				+ "A firewall, or a port that expects TLS or doesn't (spring.data.redis.ssl.enabled), keeps silent",
				null);
	}

	private static @Nullable String unreachable(List<Throwable> causes, String address) {
		for (Throwable cause : causes) {
			String text = String.valueOf(cause.getMessage());
			if (cause instanceof UnknownHostException) {
				return "The host of Redis at " + address + " can't be resolved. Check "
						+ RedisAddress.properties(address) + ": " + text;
			}
			if (cause instanceof GeneralSecurityException) {
				return certificate(cause, address);
			}
			if (cause.getClass().getSimpleName().equals("NotSslRecordException")
					|| text.contains("Unsupported or unrecognized SSL message")) {
				return "Redis at " + address + " doesn't speak TLS on that port. Set spring.data.redis.ssl.enabled to "
						+ "false, or use its TLS port";
			}
			if (cause instanceof ConnectException && text.contains("refused")) {
				return nothingAccepts(address);
			}
			if (text.contains("Connection initialization timed out")) {
				return "Redis at " + address
						+ " accepts connections and keeps silent. It hangs, or a firewall or a port "
						+ "that expects TLS or doesn't (spring.data.redis.ssl.enabled) does: " + text;
			}
			if (text.contains("Cannot determine a partition")) {
				return "No server of Redis at " + address + " holds some of the slots for now: a primary has failed, "
						+ "and no replica has taken its place yet: " + text;
			}
			if (text.contains("DB index is out of range")) {
				return "Redis at " + address + " has no such database. Check spring.data.redis.database: " + text;
			}
			if (text.contains("max number of clients reached")) {
				return "Redis at " + address + " takes no more connections. Raise maxclients, or look who holds them: "
						+ text;
			}
			if (waitedForPool(cause) || text.contains("Timeout waiting for idle object")
					|| text.contains("Pool exhausted")) {
				// Whoever has the others isn't known, nor what they wait for
				return "No connection to Redis at " + address + " was free in time: Redis doesn't answer on those that "
						+ "there are, or the application needs more. Then make the driver's pool larger; with Jedis it "
						+ "is spring.data.redis.jedis.pool.max-active";
			}
			if (text.startsWith("DENIED")) {
				return "Redis at " + address + " is in protected mode and refuses connections from other machines: "
						+ text;
			}
		}
		for (Throwable cause : causes) {
			String text = String.valueOf(cause.getMessage());
			if (cause instanceof SSLException) {
				return "TLS with Redis at " + address + " failed; it may want a client certificate, another version of "
						+ "TLS, or none at all (spring.data.redis.ssl.enabled): " + text;
			}
			if (text.contains("Read timed out")) {
				return "Redis at " + address + " didn't answer within the driver's time limit: " + text;
			}
			if (NOT_REDIS.matcher(text).find()) {
				return "What listens at " + address + " ended the connection, or doesn't answer as Redis does. If that "
						+ "port expects TLS, set spring.data.redis.ssl.enabled: " + text;
			}
		}
		return null;
	}

	private static String nothingAccepts(String address) {
		return "Nothing accepts connections where Redis should be, at " + address + ". Start Redis, or check "
				+ RedisAddress.properties(address);
	}

	private static String certificate(Throwable cause, String address) {
		String text = String.valueOf(cause.getMessage());
		if (text.contains("subject alternative") || text.contains("No name matching")) {
			return "The certificate of Redis at " + address + " is for another name. Use a name that it has in "
					+ "spring.data.redis.host" + UNLESS_URL + ": " + text;
		}
		if (cause instanceof CertificateExpiredException || text.contains("NotAfter")) {
			return "The certificate of Redis at " + address + " has expired: " + text;
		}
		return "The certificate of Redis at " + address + " isn't trusted. Trust its issuer with "
				+ "spring.data.redis.ssl.bundle: " + text;
	}

	// Deepest first is no rule: drivers put the reason in the middle, or suppress it
	private static List<Throwable> causes(Throwable failure) {
		Set<Throwable> causes = Collections.newSetFromMap(new IdentityHashMap<>());
		List<Throwable> ordered = new ArrayList<>();
		collect(failure, causes, ordered);
		return ordered;
	}

	private static void collect(@Nullable Throwable failure, Set<Throwable> causes, List<Throwable> ordered) {
		if (failure == null || causes.size() >= MAX_CAUSES || !causes.add(failure)) {
			return;
		}
		ordered.add(failure);
		collect(failure.getCause(), causes, ordered);
		for (Throwable suppressed : failure.getSuppressed()) {
			collect(suppressed, causes, ordered);
		}
	}

	private static RedisFailure answered(String code, String text, Throwable failure, String address) {
		return switch (code) {
			case "NOSCRIPT" -> new RedisFailure(Kind.NOSCRIPT, text, failure);
			case "LOADING", "CLUSTERDOWN", "MASTERDOWN", "BUSY" ->
				new RedisFailure(Kind.PASSING, "Redis at " + address + " isn't ready: " + text, failure);
			case "TRYAGAIN", "MOVED", "ASK" -> new RedisFailure(Kind.SLOT,
					"A slot of Redis at " + address + " is on its way to another server: " + text, failure);
			case "OOM" -> new RedisFailure(Kind.WRITES_REFUSED,
					"Redis is out of memory and refuses writes. Raise maxmemory, or lower the time to live of completed streams: "
							+ text,
					failure);
			case "READONLY" -> new RedisFailure(Kind.READ_ONLY,
					"The Redis in use is a read-only replica. Connect to the primary: " + text, failure);
			case "MISCONF", "NOREPLICAS" ->
				new RedisFailure(Kind.WRITES_REFUSED, "Redis refuses writes: " + text, failure);
			case "NOAUTH" -> new RedisFailure(Kind.NO_ACCESS,
					"Redis at " + address
							+ " wants a password. Set spring.data.redis.password, and .username for a user "
							+ "of its own" + UNLESS_URL + ": " + text,
					failure);
			case "WRONGPASS" -> new RedisFailure(Kind.NO_ACCESS,
					"Redis at " + address
							+ " refuses the user or the password. Check spring.data.redis.username and .password"
							+ UNLESS_URL + ": " + text,
					failure);
			case "WRONGTYPE", "CROSSSLOT" -> new RedisFailure(Kind.CALL_REFUSED, text, failure);
			default -> otherwise(text, failure, address);
		};
	}

	private static RedisFailure otherwise(String text, Throwable failure, String address) {
		if (MISSING_RIGHT.matcher(text).find()) {
			return new RedisFailure(Kind.REFUSED,
					"Redis at " + address + " refuses it. Check the rights of the user in "
							+ "spring.data.redis.username (ACL LOG names what is missing), and whether a command was "
							+ "renamed: " + text,
					failure);
		}
		return new RedisFailure(TOO_LARGE.matcher(text).find() ? Kind.CALL_REFUSED : Kind.UNKNOWN,
				"Redis at " + address + ", or a proxy before it, refuses the call: " + text, failure);
	}

	private static String rootMessage(List<Throwable> causes) {
		Throwable root = causes.get(0);
		while (root.getCause() != null && causes.contains(root.getCause())) {
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
		 * Reads work, writes don't, through whichever connection.
		 */
		WRITES_REFUSED,

		/**
		 * Reads work, writes don't, since this is a replica. Another connection may lead
		 * to the primary.
		 */
		READ_ONLY,

		/**
		 * It passes by itself in a moment.
		 */
		PASSING,

		/**
		 * It passes by itself in a moment, and concerns only the slot of the key.
		 */
		SLOT,

		/**
		 * The script must be sent once more, with its body.
		 */
		NOSCRIPT,

		/**
		 * This operation was refused, and will be again, whatever it is called with.
		 */
		REFUSED,

		/**
		 * This call was refused because of its key or its size, and will be again. It
		 * says nothing of others.
		 */
		CALL_REFUSED,

		/**
		 * Nobody knows what this error means, or whether it passes.
		 */
		UNKNOWN

	}

}
