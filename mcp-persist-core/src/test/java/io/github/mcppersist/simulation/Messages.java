package io.github.mcppersist.simulation;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

/**
 * What is sent: messages that tell who sends them and how many of the sender's came
 * before.
 */
final class Messages {

	/**
	 * The beginning of the sender of what goes to all.
	 */
	static final String TO_ALL = "all";

	private static final Pattern QUESTION = Pattern.compile("\"method\":\"elicitation/create\".*\"id\":(\"[^\"]+\")"
			+ "|\"id\":(\"[^\"]+\").*\"method\":\"elicitation/create\"");

	private static final Pattern RESPONSE = Pattern.compile("\"jsonrpc\":\"2.0\",\"id\":(\\d+)");

	private static final Pattern MESSAGE = Pattern.compile("<([^#<>]+)#(\\d+):(\\d+)>(x*)<end>");

	private static final Pattern COUNT = Pattern.compile("<counted (\\d+)>");

	private Messages() {
	}

	/**
	 * Write a message.
	 * @param sender who sends it
	 * @param number which one of the sender's it is, from 1 on
	 * @param size how many bytes it has besides
	 * @return the message
	 */
	static String of(String sender, int number, int size) {
		return "<" + sender + "#" + number + ":" + size + ">" + "x".repeat(size) + "<end>";
	}

	static String nameOf(String message) {
		return message.substring(1, message.indexOf(':'));
	}

	static String nameOf(String sender, int number) {
		return sender + "#" + number;
	}

	static int numberOf(String name) {
		return Integer.parseInt(name.substring(name.indexOf('#') + 1));
	}

	static String senderOf(String name) {
		return name.substring(0, name.indexOf('#'));
	}

	/**
	 * Write how many messages were taken.
	 * @param messages how many
	 * @return the text
	 */
	static String count(int messages) {
		return "<counted " + messages + ">";
	}

	/**
	 * Find how many messages were taken.
	 * @param data the JSON text
	 * @return how many, or -1 if it doesn't say
	 */
	static int findCount(String data) {
		Matcher matcher = COUNT.matcher(data);
		return matcher.find() ? Integer.parseInt(matcher.group(1)) : -1;
	}

	/**
	 * Find which request a response is to.
	 * @param data the JSON text
	 * @return the ID, or -1 if it isn't one to a request of the simulation's
	 */
	static int findRequest(String data) {
		Matcher matcher = RESPONSE.matcher(data);
		return matcher.find() ? Integer.parseInt(matcher.group(1)) : -1;
	}

	/**
	 * Find the ID of a request to the client.
	 * @param data the JSON text
	 * @return the ID as JSON text, or {@code null} if it isn't one
	 */
	static @Nullable String findQuestion(String data) {
		Matcher matcher = QUESTION.matcher(data);
		return !matcher.find() ? null : (matcher.group(1) != null) ? matcher.group(1) : matcher.group(2);
	}

	/**
	 * Find the message in the data of an event.
	 * @param data the JSON text
	 * @return its name, or {@code null} if there is none in it that is whole
	 */
	static @Nullable String find(String data) {
		Matcher matcher = MESSAGE.matcher(data);
		return (matcher.find() && matcher.group(4).length() == Integer.parseInt(matcher.group(3)))
				? nameOf(matcher.group(1), Integer.parseInt(matcher.group(2))) : null;
	}

}
