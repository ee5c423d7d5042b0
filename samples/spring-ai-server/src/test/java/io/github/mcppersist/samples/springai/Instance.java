package io.github.mcppersist.samples.springai;

import java.util.ArrayList;
import java.util.List;

import org.springframework.aot.AotDetector;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.util.function.ThrowingConsumer;

import io.github.mcppersist.test.transport.RawMcpClient;

/**
 * One of the Spring AI samples, started by its main method.
 *
 * @param context its context
 */
public record Instance(ConfigurableApplicationContext context) implements AutoCloseable {

	static Instance start(ThrowingConsumer<String[]> main, Mode mode, String... arguments) {
		List<String> all = new ArrayList<>(List.of("--server.port=0", "--server.address=127.0.0.1"));
		all.addAll(List.of(arguments));
		if (all.stream().noneMatch((argument) -> argument.startsWith("--mcp.persist.timeout="))) {
			// For a busy machine
			all.add("--mcp.persist.timeout=10s");
		}
		if (mode == Mode.ON_VIRTUAL_THREADS) {
			all.add("--spring.threads.virtual.enabled=true");
		}
		// What -Dspring.aot.enabled=true does on a command line
		System.setProperty(AotDetector.AOT_ENABLED, String.valueOf(mode == Mode.PROCESSED_AHEAD_OF_TIME));
		try {
			return new Instance(SpringApplication.from(main).run(all.toArray(String[]::new)).getApplicationContext());
		}
		finally {
			System.clearProperty(AotDetector.AOT_ENABLED);
		}
	}

	int port() {
		return ((WebServerApplicationContext) this.context).getWebServer().getPort();
	}

	RawMcpClient client() {
		return new RawMcpClient(port(), "/mcp");
	}

	@Override
	public void close() {
		this.context.close();
	}

	/**
	 * How it runs.
	 */
	public enum Mode {

		AS_WRITTEN,

		// From the classes that the build's process-aot made
		PROCESSED_AHEAD_OF_TIME,

		// On a JDK that has them
		ON_VIRTUAL_THREADS

	}

}
