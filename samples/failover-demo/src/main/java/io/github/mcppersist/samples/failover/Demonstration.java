package io.github.mcppersist.samples.failover;

import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

import org.springframework.boot.ApplicationArguments;

/**
 * All of the demo: one Redis, two instances, a client of each era, and what happens to
 * them when first a connection, then a client and then an instance is lost.
 */
final class Demonstration implements Callable<List<String>> {

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
				ServerProcess a = ServerProcess.start("A", InstanceArguments.toDemonstrate(this.arguments, redis),
						this.out);
				ServerProcess b = ServerProcess.start("B", InstanceArguments.toDemonstrate(this.arguments, redis),
						this.out)) {
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
			this.out.printf("%n2. A long call becomes a task, which every instance knows%n%n");
			problems.addAll(new TaskOnAnyInstance(a, b, this.out).call());
			this.out.printf("%n3. The instance is killed, with the tools that it runs%n");
			this.out.printf("   (one that is silent for %s counts as dead here, by %s)%n%n",
					InstanceArguments.nodeTimeout(this.arguments), InstanceArguments.NODE_TIMEOUT_OPTION);
			problems.addAll(new KillAndResume(client, a, b, this.errorLimit, this.out).call());
			return problems;
		}
	}

}
