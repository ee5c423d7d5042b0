package io.github.mcppersist.samples.failover;

import java.net.URI;
import java.util.ArrayList;
import java.util.List;

import org.springframework.boot.ApplicationArguments;
import org.springframework.boot.SpringApplication;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * One instance of the server. Each is a Spring context with a port of its own, so that
 * one JVM can run several on one Redis.
 */
final class DemoServer implements AutoCloseable {

	private final ConfigurableApplicationContext context;

	private DemoServer(ConfigurableApplicationContext context) {
		this.context = context;
	}

	static DemoServer start(ApplicationArguments arguments, DemoRedis redis, int port) {
		List<String> args = new ArrayList<>(redis.serverArguments());
		if (!arguments.containsOption("server.port")) {
			args.add("--server.port=" + port);
		}
		args.addAll(List.of(arguments.getSourceArgs()));
		return new DemoServer(SpringApplication.run(DemoApplication.class, args.toArray(new String[0])));
	}

	URI endpoint() {
		String port = this.context.getEnvironment().getRequiredProperty("local.server.port");
		String path = this.context.getEnvironment().getProperty("mcp.persist.endpoint", "/mcp");
		return URI.create("http://localhost:" + port + path);
	}

	@Override
	public void close() {
		this.context.close();
	}

	@Override
	public String toString() {
		return "Server   " + endpoint();
	}

}
