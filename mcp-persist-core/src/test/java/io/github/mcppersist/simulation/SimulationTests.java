package io.github.mcppersist.simulation;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Runs simulations. {@code -Dsimulation.seeds=10000} runs as many, from
 * {@code -Dsimulation.seed=1} on, until {@code -Dsimulation.failures=5} of them have
 * failed, or all are done; {@code -Dsimulation.debug=true} adds what is logged to the
 * trace of a failure.
 */
class SimulationTests {

	private static final int SHOWN_LINES = 400;

	private static final int SHOWN_FAILURES = 5;

	@Test
	void takesTheSameStepsForTheSameSeed() {
		for (long seed = 1; seed <= 40; seed++) {
			List<String> first = new Simulation(seed).run().trace();
			List<String> second = new Simulation(seed).run().trace();

			assertThat(second).as("seed %d", seed).containsExactlyElementsOf(first);
		}
	}

	@Test
	@Timeout(36_000)
	void keepsAllPromises() throws Exception {
		long first = Long.getLong("simulation.seed", 1);
		long seeds = Long.getLong("simulation.seeds", 300);
		int failures = Integer.getInteger("simulation.failures", Integer.MAX_VALUE);
		List<Simulation.Outcome> failed = new ArrayList<>();
		Map<String, List<Long>> kinds = new LinkedHashMap<>();
		long started = System.nanoTime();
		long steps = 0;
		long run = 0;
		int failing = 0;

		for (long seed = first; seed < first + seeds && failing < failures; seed++) {
			Simulation.Outcome outcome = new Simulation(seed).run();
			steps += outcome.steps();
			run++;
			if (!outcome.failures().isEmpty()) {
				failing++;
				if (failed.size() < SHOWN_FAILURES) {
					failed.add(outcome);
				}
				String kind = outcome.failures().get(0).replaceAll("[0-9]+", "n");
				kinds.computeIfAbsent(kind.substring(0, Math.min(60, kind.length())), (key) -> new ArrayList<>())
					.add(seed);
			}
		}

		double seconds = (System.nanoTime() - started) / 1e9;
		System.out.printf("%d seeds, %d of them failed, %d steps, %.1f s%n", run, failing, steps, seconds);
		kinds.forEach((kind, found) -> System.out
			.println(found.size() + " x " + kind + " " + found.subList(0, Math.min(12, found.size()))));
		if (seeds == 1 && !failed.isEmpty()) {
			Files.write(Path.of("target", "simulation-" + first + ".txt"), failed.get(0).trace());
		}
		assertThat(failed).as(() -> describe(failed)).isEmpty();
	}

	private static String describe(List<Simulation.Outcome> failed) {
		Simulation.Outcome first = failed.get(0);
		List<String> trace = first.trace();
		return String.join("\n", first.failures()) + "\n"
				+ String.join("\n", trace.subList(Math.max(0, trace.size() - SHOWN_LINES), trace.size()))
				+ "\nRepeat it with: mvn -pl mcp-persist-core test -Dtest=SimulationTests -Dsimulation.seeds=1"
				+ " -Dsimulation.seed=" + first.seed() + "\n";
	}

}
