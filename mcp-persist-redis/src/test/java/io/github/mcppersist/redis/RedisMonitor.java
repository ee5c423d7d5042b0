package io.github.mcppersist.redis;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

import io.github.mcppersist.test.redis.RedisServer;

/**
 * Records the commands that clients send to a Redis: all of them, or those that neither
 * scripts call nor nodes make by the clock, which are echoes, signs of life and looks,
 * nor drivers on a new connection.
 */
final class RedisMonitor implements AutoCloseable {

	private static final Pattern COMMAND = Pattern.compile("^\\+\\S+ \\[\\d+ (\\S+)] \"(\\w+)\"(.*)$");

	/**
	 * What a driver sends on a new connection, of which it may open more than one if
	 * Redis is slow to answer.
	 */
	private static final Set<String> GREETINGS = Set.of("hello", "client");

	private static final List<LuaScript> BY_THE_CLOCK = List.of(LuaScript.BEAT, LuaScript.FIND_URIS, LuaScript.PROBE);

	private final RedisServer redis;

	private final Socket socket;

	private final BufferedReader lines;

	private int marks;

	RedisMonitor(RedisServer redis) throws IOException {
		this.redis = redis;
		this.socket = new Socket(InetAddress.getLoopbackAddress(), redis.port());
		this.socket.setSoTimeout(60_000);
		this.lines = new BufferedReader(
				new InputStreamReader(this.socket.getInputStream(), StandardCharsets.ISO_8859_1));
		this.socket.getOutputStream().write("MONITOR\r\n".getBytes(StandardCharsets.US_ASCII));
		if (!"+OK".equals(this.lines.readLine())) {
			throw new IOException("Redis doesn't let itself be monitored");
		}
	}

	/**
	 * Wait until a node has started, that was opened after this: the last thing that it
	 * does for that is to ask how Redis keeps its memory.
	 * @throws IOException if the connection fails, or no node starts within a minute
	 */
	void awaitStarted() throws IOException {
		for (String line = this.lines.readLine(); line != null; line = this.lines.readLine()) {
			if (command(line).group(2).equalsIgnoreCase("info")) {
				return;
			}
		}
		throw new IOException("Redis closed the connection");
	}

	/**
	 * Return all commands since the last time, those by scripts and by the clock as well.
	 * @return the commands with their arguments, as Redis shows them
	 * @throws IOException if the connection fails
	 */
	List<String> lines() throws IOException {
		String mark = "mark-" + ++this.marks;
		this.redis.cli("ECHO", mark);
		List<String> lines = new ArrayList<>();
		for (String line = this.lines.readLine(); line != null; line = this.lines.readLine()) {
			if (line.endsWith("\"" + mark + "\"")) {
				return lines;
			}
			lines.add(line);
		}
		throw new IOException("Redis closed the connection");
	}

	/**
	 * Return the commands since the last time.
	 * @return the names of the commands, in lower case
	 * @throws IOException if the connection fails
	 */
	List<String> commands() throws IOException {
		return commands(false);
	}

	/**
	 * Return how often each command was run since the last time, sent by a client or
	 * called by a script.
	 * @return the numbers, by the names of the commands in lower case
	 * @throws IOException if the connection fails
	 */
	Map<String, Long> counts() throws IOException {
		return commands(true).stream().collect(Collectors.groupingBy((command) -> command, Collectors.counting()));
	}

	private List<String> commands(boolean ofScripts) throws IOException {
		List<String> commands = new ArrayList<>();
		boolean byTheClock = false;
		for (String line : lines()) {
			Matcher command = command(line);
			String arguments = command.group(3);
			boolean ofScript = "lua".equals(command.group(1));
			if (!ofScript) {
				byTheClock = arguments.endsWith(" \"e\"") || GREETINGS.contains(command.group(2).toLowerCase())
						|| BY_THE_CLOCK.stream().anyMatch((script) -> calls(arguments, script));
			}
			// A script isn't interrupted: what it calls follows it
			if (!byTheClock && (!ofScript || ofScripts)) {
				commands.add(command.group(2).toLowerCase());
			}
		}
		return commands;
	}

	/**
	 * Return what each script that was called since the last time has called itself.
	 * @return for each call the commands, in lower case, each with its arguments
	 * @throws IOException if the connection fails
	 */
	List<List<String>> scripts() throws IOException {
		List<List<String>> scripts = new ArrayList<>();
		for (String line : lines()) {
			Matcher command = command(line);
			if ("lua".equals(command.group(1))) {
				scripts.get(scripts.size() - 1).add(command.group(2).toLowerCase() + command.group(3));
			}
			else {
				scripts.add(new ArrayList<>());
			}
		}
		return scripts;
	}

	private static Matcher command(String line) throws IOException {
		Matcher command = COMMAND.matcher(line);
		if (!command.matches()) {
			throw new IOException("Not a command: " + line);
		}
		return command;
	}

	@Override
	public void close() throws IOException {
		this.socket.close();
	}

	// The first call of a script brings its text, the others its digest
	private static boolean calls(String arguments, LuaScript script) {
		return arguments.startsWith(" \"" + script.digest() + "\"")
				|| arguments.startsWith(" \"" + quoted(script.body()) + "\"");
	}

	private static String quoted(byte[] text) {
		return new String(text, StandardCharsets.ISO_8859_1).replace("\\", "\\\\")
			.replace("\"", "\\\"")
			.replace("\n", "\\n")
			.replace("\t", "\\t");
	}

}
