package io.github.mcppersist.samples.failover;

import java.time.Duration;
import java.util.List;

import org.springframework.boot.ApplicationArguments;
import org.springframework.boot.DefaultApplicationArguments;

/**
 * Starts a Redis and two instances of a server, each a process of its own, loses first a
 * connection and then an instance in the middle of a tool call, and exits with 0 if the
 * client got all that it is promised. With {@code --serve} it is one server instead,
 * which stays up, and prints the {@code curl} lines to try it by hand. All options of
 * Spring Boot work too: {@code --spring.data.redis.url} uses a Redis that is running.
 */
public final class FailoverDemo {

	private static final int SERVE_PORT = 8080;

	// Each wait in it has its own, the longest for two JVMs to start
	private static final Duration LIMIT = Duration.ofMinutes(4);

	private FailoverDemo() {
	}

	public static void main(String[] args) throws Exception {
		ApplicationArguments arguments = new DefaultApplicationArguments(args);
		List<String> parent = arguments.getOptionValues(ServerProcess.PARENT_OPTION);
		if (parent != null) {
			beInstance(arguments, Long.parseLong(parent.get(0)));
		}
		else if (arguments.containsOption("serve")) {
			serve(arguments);
		}
		else {
			System.exit(demonstrate(arguments) ? 0 : 1);
		}
	}

	private static boolean demonstrate(ApplicationArguments arguments) {
		try {
			List<String> problems = TimeLimit.within(LIMIT, "the demo", new Demonstration(arguments, System.out));
			problems.forEach((problem) -> System.out.println("FAILED: " + problem));
			return problems.isEmpty();
		}
		catch (Exception ex) {
			System.out.println("FAILED: " + ex);
			return false;
		}
	}

	// Redis and the server end with the JVM, by their own shutdown hooks
	private static void serve(ApplicationArguments arguments) throws Exception {
		DemoRedis redis = DemoRedis.start(arguments);
		DemoServer server = DemoServer.start(arguments, redis, SERVE_PORT);
		System.out.println("Redis    " + redis);
		System.out.println("Server   " + server.endpoint());
		System.out.println(CurlLines.of(server.endpoint()));
	}

	private static void beInstance(ApplicationArguments arguments, long parent) throws Exception {
		ParentWatch.start(parent);
		DemoServer server = DemoServer.start(arguments, DemoRedis.start(arguments), 0);
		System.out.println(ServerProcess.READY + server.endpoint());
	}

}
