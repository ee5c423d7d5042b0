package io.github.mcppersist.simulation;

/**
 * Where a task runs: a node, or the world around them. What is paused runs nothing, and
 * what is dead runs nothing ever again.
 */
final class Place {

	private final String name;

	private boolean paused;

	private boolean dead;

	Place(String name) {
		this.name = name;
	}

	void pause() {
		this.paused = true;
	}

	void goOn() {
		this.paused = false;
	}

	void die() {
		this.dead = true;
	}

	boolean isDead() {
		return this.dead;
	}

	boolean isRunning() {
		return !this.paused && !this.dead;
	}

	@Override
	public String toString() {
		return this.name;
	}

}
