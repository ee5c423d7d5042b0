package io.github.mcppersist.samples.failover;

import java.net.URI;
import java.util.ArrayList;
import java.util.List;

import org.springframework.boot.ApplicationArguments;
import org.springframework.boot.SpringApplication;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * The server in this JVM.
 */
final class DemoServer {

	private final ConfigurableApplicationContext context;

	private DemoServer(ConfigurableApplicationContext context) {
		this.context = context;
	}

	static DemoServer start(ApplicationArguments arguments, DemoRedis redis) {
		List<String> args = new ArrayList<>(redis.serverArguments());
		args.add("--server.port=0");
		args.add("--server.address=127.0.0.1");
		args.addAll(List.of(arguments.getSourceArgs()));
		return new DemoServer(SpringApplication.run(DemoApplication.class, args.toArray(new String[0])));
	}

	URI endpoint() {
		String port = this.context.getEnvironment().getRequiredProperty("local.server.port");
		String path = this.context.getEnvironment().getProperty("mcp.persist.endpoint", "/mcp");
		return URI.create("http://localhost:" + port + path);
	}

}
