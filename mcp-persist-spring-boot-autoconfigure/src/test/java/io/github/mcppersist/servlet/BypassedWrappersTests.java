package io.github.mcppersist.servlet;

import java.util.List;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpServletResponseWrapper;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Which wrappers of responses whoever runs an application is told of.
 */
class BypassedWrappersTests {

	@Test
	void tellsOnceOfAnApplicationsOwnAndNotOfWhatSpringPutsAroundEachResponse() throws Exception {
		Class<?> springs = Class.forName(
				"org.springframework.web.context.request.async.StandardServletAsyncWebRequest$LifecycleHttpServletResponse");
		BypassedWrappers wrappers = new BypassedWrappers();
		ListAppender<ILoggingEvent> log = new ListAppender<>();
		log.start();
		Logger logger = (Logger) LoggerFactory.getLogger(BypassedWrappers.class);
		Level level = logger.getLevel();
		logger.setLevel(Level.INFO);
		logger.addAppender(log);
		try {
			wrappers.saw(List.of(springs, Own.class));
			wrappers.saw(List.of(Own.class, springs));
		}
		finally {
			logger.detachAppender(log);
			logger.setLevel(level);
		}

		assertThat(log.list).singleElement()
			.satisfies((event) -> assertThat(event.getFormattedMessage()).contains(Own.class.getName()));
	}

	private static final class Own extends HttpServletResponseWrapper {

		Own(HttpServletResponse response) {
			super(response);
		}

		@Override
		public @Nullable ServletOutputStream getOutputStream() {
			return null;
		}

	}

}
