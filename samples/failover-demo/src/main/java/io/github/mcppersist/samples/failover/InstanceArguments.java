package io.github.mcppersist.samples.failover;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

import org.springframework.boot.ApplicationArguments;

/**
 * The options of an instance: those that the demo was started with, and for the rest what
 * shows in seconds what takes longer elsewhere.
 */
final class InstanceArguments {

	static final String NODE_TIMEOUT_OPTION = "mcp.persist.node-timeout";

	// Short, so that nobody has to wait for long
	private static final String NODE_TIMEOUT = "3s";

	private static final String TASKS_AFTER_OPTION = "mcp.persist.tasks.after";

	private static final String TIMEOUT_OPTION = "mcp.persist.timeout";

	// Long, since several JVMs that have just started are slow, and not Redis
	private static final String TIMEOUT = "5s";

	// Two instances can't have the same port, so each takes a free one
	private static final Set<String> NOT_THEIRS = Set.of("server.port", FailoverDemo.SERVE_OPTION,
			FailoverDemo.PORT_OPTION);

	private InstanceArguments() {
	}

	/**
	 * For what is shown on the command line.
	 * @param arguments the program's
	 * @param redis where the instances keep what they share
	 * @return options of Spring Boot
	 */
	static List<String> toDemonstrate(ApplicationArguments arguments, DemoRedis redis) {
		return of(arguments, redis,
				Map.of(NODE_TIMEOUT_OPTION, NODE_TIMEOUT, TIMEOUT_OPTION, TIMEOUT, TASKS_AFTER_OPTION, "1s"));
	}

	/**
	 * For the page, where Redis is stopped, clients go away, and people wait for tasks.
	 * @param arguments the program's
	 * @param redis where the instances keep what they share
	 * @return options of Spring Boot
	 */
	static List<String> toServe(ApplicationArguments arguments, DemoRedis redis) {
		Map<String, String> defaults = new LinkedHashMap<>();
		defaults.put(NODE_TIMEOUT_OPTION, NODE_TIMEOUT);
		defaults.put(TIMEOUT_OPTION, "1s");
		defaults.put("mcp.persist.modern.heartbeat-interval", "1s");
		defaults.put(TASKS_AFTER_OPTION, "2s");
		return of(arguments, redis, defaults);
	}

	static String option(ApplicationArguments arguments, String name, String defaultValue) {
		List<String> values = arguments.getOptionValues(name);
		return (values != null && !values.isEmpty()) ? values.get(0) : defaultValue;
	}

	static String nodeTimeout(ApplicationArguments arguments) {
		return option(arguments, NODE_TIMEOUT_OPTION, NODE_TIMEOUT);
	}

	private static List<String> of(ApplicationArguments arguments, DemoRedis redis, Map<String, String> defaults) {
		List<String> args = new ArrayList<>(redis.serverArguments());
		defaults.forEach((name, value) -> args.add("--" + name + "=" + option(arguments, name, value)));
		Stream.of(arguments.getSourceArgs())
			.filter((arg) -> Stream.concat(NOT_THEIRS.stream(), defaults.keySet().stream())
				.noneMatch((name) -> arg.equals("--" + name) || arg.startsWith("--" + name + "=")))
			.forEach(args::add);
		return args;
	}

}
