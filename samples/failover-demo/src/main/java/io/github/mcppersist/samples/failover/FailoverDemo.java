package io.github.mcppersist.samples.failover;

import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import org.springframework.boot.ApplicationArguments;
import org.springframework.boot.DefaultApplicationArguments;

/**
 * Starts a Redis and a server, cuts a connection in the middle of a tool call, resumes,
 * and exits with 0 if nothing was lost, repeated or reordered. With {@code --serve} it
 * stays up instead, and prints the {@code curl} lines to try it by hand. All options of
 * Spring Boot work too: {@code --spring.data.redis.url} uses a Redis that is running, and
 * {@code --mcp.persist.store=memory} none.
 */
public final class FailoverDemo {

	private static final int SERVE_PORT = 8080;

	private static final int TIMEOUT_SECONDS = 60;

	private FailoverDemo() {
	}

	public static void main(String[] args) throws Exception {
		ApplicationArguments arguments = new DefaultApplicationArguments(args);
		if (arguments.containsOption("serve")) {
			serve(arguments);
		}
		else {
			System.exit(demonstrate(arguments) ? 0 : 1);
		}
	}

	private static boolean demonstrate(ApplicationArguments arguments) throws Exception {
		try (DemoRedis redis = DemoRedis.start(arguments); DemoServer server = DemoServer.start(arguments, redis, 0)) {
			System.out.println(redis);
			System.out.println(server);
			return within(TIMEOUT_SECONDS, new CutAndResume(server.endpoint(), System.out));
		}
	}

	// Redis and the server end with the JVM, by their own shutdown hooks
	private static void serve(ApplicationArguments arguments) throws Exception {
		DemoRedis redis = DemoRedis.start(arguments);
		DemoServer server = DemoServer.start(arguments, redis, SERVE_PORT);
		System.out.println(redis);
		System.out.println(server);
		System.out.println(CurlLines.of(server.endpoint()));
	}

	private static boolean within(int seconds, CutAndResume scenario) throws Exception {
		FutureTask<List<String>> task = new FutureTask<>(scenario);
		Thread thread = new Thread(task, "demo");
		thread.setDaemon(true);
		thread.start();
		try {
			List<String> problems = task.get(seconds, TimeUnit.SECONDS);
			problems.forEach((problem) -> System.out.println("FAILED: " + problem));
			return problems.isEmpty();
		}
		catch (ExecutionException ex) {
			System.out.println("FAILED: " + ex.getCause());
			return false;
		}
		catch (TimeoutException ex) {
			System.out.println("FAILED: not finished after " + seconds + " s");
			return false;
		}
	}

}
