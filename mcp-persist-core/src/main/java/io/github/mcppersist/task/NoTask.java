package io.github.mcppersist.task;

import java.time.Duration;

/**
 * Stands for calls that can't become tasks.
 */
enum NoTask implements RunningTask {

	INSTANCE;

	@Override
	public boolean isTask() {
		return false;
	}

	@Override
	public void setStatusMessage(String statusMessage) {
	}

	@Override
	public void setTimeToLive(Duration timeToLive) {
		TaskChange.none().withTimeToLive(timeToLive);
	}

	@Override
	public boolean isCancelled() {
		return false;
	}

}
