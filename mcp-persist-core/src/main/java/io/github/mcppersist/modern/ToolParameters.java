package io.github.mcppersist.modern;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

import io.modelcontextprotocol.spec.McpSchema.ListToolsResult;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

import io.github.mcppersist.stream.Threads;

/**
 * Knows which parameters of the server's tools are mirrored in headers. It learns that
 * from {@code tools/list}, as clients do, and forgets it when the tools change.
 * Thread-safe.
 */
final class ToolParameters {

	private static final Logger logger = LoggerFactory.getLogger(ToolParameters.class);

	private static final Duration LIMIT = Duration.ofSeconds(10);

	private static final int MAX_PAGES = 1000;

	private final Threads threads;

	/**
	 * What is known. Replaced as a whole: what is learned of tools that have changed
	 * since goes to one that nobody asks any more.
	 */
	private volatile Map<String, List<HeaderParameter>> known = new ConcurrentHashMap<>();

	private final Set<String> warned = ConcurrentHashMap.newKeySet();

	ToolParameters(Threads threads) {
		this.threads = threads;
	}

	/**
	 * Return which parameters of a tool are mirrored.
	 * @param tool the tool's name
	 * @param kept whether the server tells when its tools change, so that what is learned
	 * can be kept
	 * @param pages returns a page of the tools behind a cursor, which is {@code null} for
	 * the first, as who calls the tool may see them: a tool may be hidden from others
	 * @return the parameters, none of a tool that isn't there; fails if the server fails,
	 * or doesn't answer in ten seconds
	 */
	Mono<List<HeaderParameter>> of(String tool, boolean kept, Function<@Nullable String, Mono<ListToolsResult>> pages) {
		Map<String, List<HeaderParameter>> learned = this.known;
		List<HeaderParameter> parameters = learned.get(tool);
		if (parameters != null) {
			return Mono.just(parameters);
		}
		return pages.apply(null)
			.expand((page) -> (page.nextCursor() != null) ? pages.apply(page.nextCursor()) : Mono.empty())
			.take(MAX_PAGES)
			.flatMapIterable(ListToolsResult::tools)
			.filter((listed) -> kept || listed.name().equals(tool))
			.collectMap(Tool::name, this::parameters)
			.timeout(this.threads.after(LIMIT))
			.map((listed) -> {
				if (kept) {
					learned.putAll(listed);
				}
				return listed.getOrDefault(tool, List.of());
			});
	}

	/**
	 * The tools have changed.
	 */
	void forget() {
		this.known = new ConcurrentHashMap<>();
	}

	private List<HeaderParameter> parameters(Tool tool) {
		try {
			return HeaderParameter.of(tool.inputSchema());
		}
		catch (IllegalArgumentException ex) {
			if (this.warned.add(tool.name())) {
				logger.warn("Clients of revision 2026-07-28 leave out the tool {}, since its input schema is wrong: {}",
						tool.name(), ex.getMessage());
			}
			return List.of();
		}
	}

}
