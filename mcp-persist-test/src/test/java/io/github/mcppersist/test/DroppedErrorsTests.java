package io.github.mcppersist.test;

import java.util.List;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.junit.platform.testkit.engine.Execution;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

import static org.assertj.core.api.Assertions.assertThat;

class DroppedErrorsTests {

	@Test
	void failsTheTestInWhichAnErrorHadNobodyToTell() {
		assertThat(failures(InATest.class)).singleElement().asString().isEqualTo("fails(): 2");
	}

	@Test
	void failsTheClassInWhichAnErrorComesAfterItsTests() {
		assertThat(failures(AfterTheTests.class)).singleElement()
			.asString()
			.isEqualTo("DroppedErrorsTests$AfterTheTests: 1");
	}

	@Test
	void failsTheRunIfAnErrorComesAfterItsClasses() {
		assertThat(failures(AfterTheClasses.class)).singleElement().asString().isEqualTo("JUnit Jupiter: 1");
	}

	@Test
	void leavesTestsAloneWhoseErrorsSomebodyWasTold() {
		assertThat(failures(Told.class)).isEmpty();
	}

	private static List<String> failures(Class<?> tests) {
		return EngineTestKit.engine("junit-jupiter")
			.configurationParameter("junit.jupiter.extensions.autodetection.enabled", "true")
			.selectors(DiscoverySelectors.selectClass(tests))
			.execute()
			.allEvents()
			.executions()
			.failed()
			.map(DroppedErrorsTests::failure)
			.toList();
	}

	private static String failure(Execution execution) {
		TestExecutionResult result = execution.getTerminationInfo().getExecutionResult();
		Throwable failure = result.getThrowable().orElseThrow();
		assertThat(failure.getMessage()).startsWith("Nobody was told on thread ");
		assertThat(failure).rootCause().hasMessage("told to fail");
		return execution.getTestDescriptor().getDisplayName() + ": " + (1 + failure.getSuppressed().length);
	}

	private static void drop() {
		Mono.error(new IllegalStateException("told to fail")).subscribe();
	}

	static class InATest {

		@Test
		void fails() throws Exception {
			drop();
			Schedulers.single().schedule(() -> {
				throw new IllegalStateException("told to fail");
			});
			// The scheduler has one thread, so this comes after that
			Mono.fromRunnable(() -> {
			}).subscribeOn(Schedulers.single()).block();
		}

		@Test
		void passes() {
		}

	}

	static class AfterTheTests {

		@Test
		void passes() {
		}

		@AfterAll
		static void fail() {
			drop();
		}

	}

	@ExtendWith(DropsAtTheEnd.class)
	static class AfterTheClasses {

		@Test
		void passes() {
		}

	}

	static class DropsAtTheEnd implements BeforeAllCallback {

		@Override
		public void beforeAll(ExtensionContext context) {
			AutoCloseable last = DroppedErrorsTests::drop;
			context.getRoot()
				.getStore(ExtensionContext.Namespace.create(DropsAtTheEnd.class))
				.put(AutoCloseable.class, last);
		}

	}

	static class Told {

		@Test
		void passes() {
			Mono.error(new IllegalStateException("told to fail")).subscribe((value) -> {
			}, (ex) -> {
			});
		}

	}

}
