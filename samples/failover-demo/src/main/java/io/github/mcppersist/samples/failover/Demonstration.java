package io.github.mcppersist.samples.failover;

import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;

import org.springframework.boot.ApplicationArguments;

/**
 * All of the demo: one Redis, two instances, one client with one session, and what
 * happens to it when first a connection and then an instance is lost.
 */
final class Demonstration implements Callable<List<String>> {

	// Short, so that nobody has to wait for long
	private static final String NODE_TIMEOUT = "3s";

	private static final String NODE_TIMEOUT_OPTION = "mcp.persist.node-timeout";

	// Long, since several JVMs that have just started are slow, and not Redis
	private static final String TIMEOUT = "5s";

	private static final String TIMEOUT_OPTION = "mcp.persist.timeout";

	private static final Duration START_LIMIT = Duration.ofMinutes(2);

	private static final Duration ERROR_LIMIT = Duration.ofSeconds(15);

	private final ApplicationArguments arguments;

	private final PrintStream out;

	private final Duration errorLimit;

	Demonstration(ApplicationArguments arguments, PrintStream out) {
		this(arguments, out, ERROR_LIMIT);
	}

	Demonstration(ApplicationArguments arguments, PrintStream out, Duration errorLimit) {
		this.arguments = arguments;
		this.out = out;
		this.errorLimit = errorLimit;
	}

	/**
	 * Run it.
	 * @return what went wrong; empty if all is well
	 */
	@Override
	public List<String> call() throws Exception {
		try (DemoRedis redis = DemoRedis.start(this.arguments);
				ServerProcess a = ServerProcess.start("A", instanceArguments(redis), this.out);
				ServerProcess b = ServerProcess.start("B", instanceArguments(redis), this.out)) {
			this.out.println("Redis     " + redis);
			for (ServerProcess instance : List.of(a, b)) {
				instance.awaitReady(START_LIMIT);
				this.out.println("Instance  " + instance);
			}
			McpHttpClient client = McpHttpClient.connect(a.endpoint());
			this.out.printf("Session   %s, opened on A, protocol version %s%n", client.sessionId(),
					McpHttpClient.PROTOCOL_VERSION);

			List<String> problems = new ArrayList<>();
			this.out.printf("%n1. The connection is cut, and the client comes back to the other instance%n%n");
			problems.addAll(new CutAndResume(client, a, b, this.out).call());
			this.out.printf("%n2. The instance is killed, with the tool that it runs%n");
			this.out.printf("   (one that is silent for %s counts as dead here, by %s)%n%n",
					option(NODE_TIMEOUT_OPTION, NODE_TIMEOUT), NODE_TIMEOUT_OPTION);
			problems.addAll(new KillAndResume(client, a, b, this.errorLimit, this.out).call());
			return problems;
		}
	}

	private List<String> instanceArguments(DemoRedis redis) {
		List<String> args = new ArrayList<>(redis.serverArguments());
		args.add("--" + NODE_TIMEOUT_OPTION + "=" + option(NODE_TIMEOUT_OPTION, NODE_TIMEOUT));
		args.add("--" + TIMEOUT_OPTION + "=" + option(TIMEOUT_OPTION, TIMEOUT));
		// Two can't have the same port, so each takes a free one
		Set<String> own = Set.of(NODE_TIMEOUT_OPTION, TIMEOUT_OPTION, "server.port");
		Stream.of(this.arguments.getSourceArgs())
			.filter((arg) -> own.stream().noneMatch((name) -> arg.startsWith("--" + name + "=")))
			.forEach(args::add);
		return args;
	}

	private String option(String name, String defaultValue) {
		List<String> values = this.arguments.getOptionValues(name);
		return (values != null && !values.isEmpty()) ? values.get(0) : defaultValue;
	}

}
