package io.github.mcppersist.benchmarks;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Many requests to a server of this JVM, some at a time.
 */
final class ParallelPosts {

	private static final int AT_ONCE = 32;

	private static final Duration LIMIT = Duration.ofSeconds(30);

	private final URI uri;

	private final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

	ParallelPosts(int port) {
		this.uri = URI.create("http://127.0.0.1:" + port + "/mcp");
	}

	/**
	 * Post a request.
	 * @param body the JSON-RPC request
	 * @param headers the headers that not all requests have
	 * @return the response with its body, unless it is an error
	 */
	CompletableFuture<HttpResponse<String>> post(String body, Map<String, String> headers) {
		HttpRequest.Builder request = HttpRequest.newBuilder(this.uri)
			.timeout(LIMIT)
			.header("Accept", "application/json, text/event-stream")
			.header("Content-Type", "application/json")
			.POST(HttpRequest.BodyPublishers.ofString(body));
		headers.forEach(request::header);
		return this.http.sendAsync(request.build(), HttpResponse.BodyHandlers.ofString()).thenApply((response) -> {
			if (response.statusCode() != 200 || response.body().contains("\"error\"")) {
				throw new IllegalStateException("Answered with " + response.statusCode() + " " + response.body());
			}
			return response;
		});
	}

	/**
	 * Do something many times and wait for all of it.
	 * @param count how many times
	 * @param task what to do
	 */
	static void inParallel(int count, Task task) throws InterruptedException {
		Semaphore free = new Semaphore(AT_ONCE);
		List<Throwable> failures = new CopyOnWriteArrayList<>();
		for (int i = 0; i < count && failures.isEmpty(); i++) {
			acquire(free, 1);
			task.start(i).whenComplete((response, failure) -> {
				if (failure != null) {
					failures.add(failure);
				}
				free.release();
			});
		}
		acquire(free, AT_ONCE);
		if (!failures.isEmpty()) {
			throw new IllegalStateException("A request failed", failures.get(0));
		}
	}

	private static void acquire(Semaphore semaphore, int permits) throws InterruptedException {
		if (!semaphore.tryAcquire(permits, LIMIT.toSeconds(), TimeUnit.SECONDS)) {
			throw new IllegalStateException("The server does not answer any more");
		}
	}

	/**
	 * One request, or several.
	 */
	@FunctionalInterface
	interface Task {

		CompletableFuture<HttpResponse<String>> start(int index);

	}

}
