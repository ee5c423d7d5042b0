package io.github.mcppersist.samples.failover;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;

import org.springframework.boot.ApplicationArguments;
import org.springframework.boot.DefaultApplicationArguments;

/**
 * Starts a Redis and two instances of a server, each a process of its own, loses first a
 * connection, then a client and then an instance in the middle of a tool call, and exits
 * with 0 if clients got all that they are promised. With {@code --serve} it stays up
 * instead, and shows the same on a page with buttons, at {@code --port=N} (8080). All
 * options of Spring Boot work too: {@code --spring.data.redis.url} uses a Redis that is
 * running.
 */
public final class FailoverDemo {

	static final String SERVE_OPTION = "serve";

	static final String PORT_OPTION = "port";

	private static final String SERVE_PORT = "8080";

	private static final String USAGE = """
			usage: java -jar failover-demo.jar [--serve [--port=N]] [options of Spring Boot's]
			  --serve   stay up, and show it on a page (http://localhost:8080)
			  --port=N  serve that page at another port
			  --spring.data.redis.url=URL, for one, uses a Redis that is running, and starts none""";

	// Each wait in it has its own, the longest for two JVMs to start
	private static final Duration LIMIT = Duration.ofMinutes(4);

	private FailoverDemo() {
	}

	public static void main(String[] args) throws Exception {
		ApplicationArguments arguments = new DefaultApplicationArguments(args);
		if (arguments.containsOption("help")) {
			System.out.println(USAGE);
		}
		else if (arguments.containsOption(ServerProcess.INSTANCE_OPTION)) {
			beInstance(arguments);
		}
		else if (arguments.containsOption(SERVE_OPTION)) {
			System.exit(serve(arguments) ? 0 : 1);
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

	// Until it is interrupted, or whoever started it has gone
	private static boolean serve(ApplicationArguments arguments) {
		int port = Integer.parseInt(InstanceArguments.option(arguments, PORT_OPTION, SERVE_PORT));
		try (ServedDemo demo = ServedDemo.start(arguments, port, System.out)) {
			System.out.println(CurlLines.of(demo.url().resolve("mcp")));
			ProcessHandle.current().parent().map(ProcessHandle::onExit).orElseGet(CompletableFuture::new).join();
			return true;
		}
		catch (Exception ex) {
			System.out.println("FAILED: " + ex.getMessage());
			return false;
		}
	}

	private static void beInstance(ApplicationArguments arguments) throws Exception {
		ParentWatch.start();
		DemoServer server = DemoServer.start(arguments, DemoRedis.start(arguments));
		System.out.println(ServerProcess.READY + server.endpoint());
	}

}
