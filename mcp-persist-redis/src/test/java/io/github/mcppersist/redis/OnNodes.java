package io.github.mcppersist.redis;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;

/**
 * What tests of several nodes have in common.
 */
final class OnNodes {

	private static final Pattern DATA = Pattern.compile("\"data\":\"([^\"]*)\"");

	private static final Pattern ID = Pattern.compile("\"id\":\"([^\"]*)\"");

	private OnNodes() {
	}

	/**
	 * Return what a tool sent as log messages.
	 * @param events events of its stream
	 * @return the messages' data, in order
	 */
	static List<String> numbers(List<SseEvent> events) {
		List<String> numbers = new ArrayList<>();
		for (SseEvent event : events) {
			Matcher data = DATA.matcher(event.data());
			if (event.data().contains("notifications/message") && data.find()) {
				numbers.add(data.group(1));
			}
		}
		return numbers;
	}

	/**
	 * Return the ID of a server's request.
	 * @param event the event that carries the request
	 * @return the ID
	 */
	static String requestId(SseEvent event) {
		Matcher id = ID.matcher(event.data());
		if (!id.find()) {
			throw new IllegalArgumentException("Not a request: " + event.data());
		}
		return id.group(1);
	}

	/**
	 * Run something that blocks, beside the test.
	 * @param task what to run
	 * @param <T> what it returns
	 * @return what becomes of it, in a minute or never
	 */
	static <T> CompletableFuture<T> async(Callable<T> task) {
		CompletableFuture<T> future = new CompletableFuture<>();
		Thread thread = new Thread(() -> {
			try {
				future.complete(task.call());
			}
			catch (Throwable ex) {
				future.completeExceptionally(ex);
			}
		}, "test-client");
		thread.setDaemon(true);
		thread.start();
		return future.orTimeout(5, TimeUnit.MINUTES);
	}

}
