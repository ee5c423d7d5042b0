package io.github.mcppersist.redis;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;

/**
 * Reads the numbers out of what a counting tool sent.
 */
final class SentNumbers {

	private static final Pattern DATA = Pattern.compile("\"data\":\"(\\d+)\"");

	private SentNumbers() {
	}

	/**
	 * Return the numbers in log messages.
	 * @param events events of a stream
	 * @return the numbers, in the order of the events
	 */
	static List<Integer> of(List<SseEvent> events) {
		List<Integer> numbers = new ArrayList<>();
		for (SseEvent event : events) {
			Matcher data = DATA.matcher(event.data());
			if (event.data().contains("notifications/message") && data.find()) {
				numbers.add(Integer.valueOf(data.group(1)));
			}
		}
		return numbers;
	}

}
