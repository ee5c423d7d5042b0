package io.github.mcppersist.simulation;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxy;
import ch.qos.logback.core.AppenderBase;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * What is logged in a run: part of its trace. An error is a failure.
 */
final class CapturedLog extends AppenderBase<ILoggingEvent> implements AutoCloseable {

	private final World world;

	private final Logger logger = (Logger) LoggerFactory.getLogger("io.github.mcppersist");

	private final @Nullable Level level = this.logger.getLevel();

	CapturedLog(World world) {
		this.world = world;
		setContext((LoggerContext) LoggerFactory.getILoggerFactory());
		start();
		this.logger.addAppender(this);
		this.logger.setAdditive(false);
		if (Boolean.getBoolean("simulation.debug")) {
			this.logger.setLevel(Level.DEBUG);
		}
	}

	@Override
	protected void append(ILoggingEvent event) {
		if (event.getLevel().isGreaterOrEqual(Level.ERROR)) {
			this.world.fail("error: " + event.getFormattedMessage());
			if (event.getThrowableProxy() instanceof ThrowableProxy proxy) {
				this.world.trace("!", Traces.of(proxy.getThrowable()));
			}
		}
		else if (this.logger.getLevel() == Level.DEBUG) {
			this.world.trace("~", "    " + event.getLevel() + " " + event.getFormattedMessage());
		}
	}

	@Override
	public void close() {
		this.logger.detachAppender(this);
		this.logger.setAdditive(true);
		this.logger.setLevel(this.level);
	}

}
