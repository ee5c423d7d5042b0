package io.github.mcppersist.redis;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The scripts that Redis runs. Each touches keys of one slot.
 */
enum LuaScript {

	OPEN("open.lua", Operation.Proof.CODE),

	APPEND("append.lua", Operation.Proof.CODE),

	COMPLETE("complete.lua", Operation.Proof.CODE),

	TRIM("trim.lua", Operation.freeing("trim.lua")),

	MARK_READER("mark-reader.lua", Operation.Proof.NEVER),

	RENEW("renew.lua", Operation.freeing("renew.lua")),

	DELETE("delete.lua", Operation.freeing("delete.lua")),

	CREATE_SESSION("create-session.lua", Operation.Proof.NEVER),

	FIND_STREAM("find-stream.lua"),

	LIST_STREAMS("list-streams.lua"),

	DROP_STREAMS("drop-streams.lua", Operation.freeing("drop-streams.lua")),

	ADD_SESSION("add-session.lua", Operation.Proof.NEVER),

	KEEP_SESSIONS("keep-sessions.lua", Operation.freeing("keep-sessions.lua")),

	FIND_SESSION("find-session.lua"),

	DESCRIBE_SESSION("describe-session.lua"),

	LIST_NAMES("list-names.lua"),

	CHANGE_SESSION("change-session.lua", Operation.Proof.NEVER),

	MOVE_CURSOR("move-cursor.lua", Operation.Proof.NEVER),

	RENEW_SESSION("renew-session.lua", Operation.freeing("renew-session.lua")),

	DELETE_SESSION("delete-session.lua", Operation.freeing("delete-session.lua")),

	STORE_ANSWER("store-answer.lua", Operation.Proof.NEVER),

	FIND_ANSWERS("find-answers.lua"),

	REMOVE_ANSWERS("remove-answers.lua", Operation.freeing("remove-answers.lua")),

	ADD_SUBSCRIBER("add-subscriber.lua", Operation.Proof.NEVER),

	REMOVE_SUBSCRIBER("remove-subscriber.lua", Operation.freeing("remove-subscriber.lua")),

	FIND_SUBSCRIBERS("find-subscribers.lua"),

	FIND_URIS("find-uris.lua"),

	CREATE_TASK("create-task.lua", Operation.Proof.NEVER),

	FIND_TASK("find-task.lua"),

	UPDATE_TASK("update-task.lua", Operation.Proof.NEVER),

	ANSWER_TASK("answer-task.lua", Operation.Proof.NEVER),

	END_TASK("end-task.lua", Operation.Proof.NEVER),

	RENEW_TASK("renew-task.lua", Operation.freeing("renew-task.lua")),

	WATCH_TASK("watch-task.lua", Operation.Proof.NEVER),

	NOTE_TASKS("note-tasks.lua", Operation.Proof.NEVER),

	DESCRIBE_TASK("describe-task.lua"),

	BEAT("beat.lua", Operation.Proof.ALWAYS),

	PROBE("probe.lua", Operation.Proof.ALWAYS),

	FIND_NODE("find-node.lua"),

	LEAVE("leave.lua", Operation.freeing("leave.lua"));

	private final byte[] body;

	private final String digest;

	private final List<String> commands;

	private final Operation operation;

	LuaScript(String file) {
		this(file, Operation.reading(file));
	}

	LuaScript(String file, Operation.Proof proof) {
		this(file, Operation.writing(file, proof));
	}

	LuaScript(String file, Operation operation) {
		this.body = read(file);
		this.digest = sha1(this.body);
		this.commands = commands(this.body);
		this.operation = operation;
	}

	Operation operation() {
		return this.operation;
	}

	byte[] body() {
		return this.body;
	}

	/**
	 * Return what the script calls, in its order.
	 * @return the names of commands, some more than once
	 */
	List<String> commands() {
		return this.commands;
	}

	/**
	 * Return whom it concerns that a command is refused.
	 * @param command the name of the command
	 * @return the operations that call it, but for the probe
	 */
	static List<Operation> calling(String command) {
		return Stream.concat(
				Stream.of(Operation.LRANGE, Operation.UNLINK).filter((operation) -> operation.name().equals(command)),
				Arrays.stream(values())
					.filter((script) -> script != PROBE && script.commands().contains(command))
					.map(LuaScript::operation))
			.toList();
	}

	/**
	 * Return what {@code EVALSHA} calls the script.
	 * @return 40 hexadecimal digits
	 */
	String digest() {
		return this.digest;
	}

	private static byte[] read(String file) {
		try (InputStream stream = LuaScript.class.getResourceAsStream(file)) {
			if (stream == null) {
				throw new IllegalStateException("The script " + file + " is missing from the class path");
			}
			return stream.readAllBytes();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private static List<String> commands(byte[] body) {
		return Pattern.compile("redis\\.call\\('([A-Z]+)'")
			.matcher(new String(body, StandardCharsets.UTF_8))
			.results()
			.map((call) -> call.group(1))
			.toList();
	}

	private static String sha1(byte[] body) {
		try {
			return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-1").digest(body));
		}
		catch (NoSuchAlgorithmException ex) {
			throw new IllegalStateException(ex);
		}
	}

}
