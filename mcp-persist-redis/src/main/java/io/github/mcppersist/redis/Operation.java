package io.github.mcppersist.redis;

import java.util.List;

/**
 * What Redis is asked to do: a script, or a command outside of scripts.
 *
 * @param name the script or the command, for people
 * @param reads whether it is for reading
 * @param writes whether it is for writing
 * @param frees whether a full Redis carries it out: it removes something, or begins with
 * what needs no memory
 * @param proof when a reply proves that Redis takes new data
 */
record Operation(String name, boolean reads, boolean writes, boolean frees, Proof proof) {

	static final Operation SUBSCRIBE = new Operation("SUBSCRIBE", false, false, false, Proof.NEVER);

	/**
	 * To open one more connection. What was to be done through it waits for another one.
	 */
	static final Operation CONNECT = new Operation("further connections", false, false, false, Proof.NEVER);

	/**
	 * To hear what is published.
	 */
	static final Operation ECHO = new Operation("echoes", false, false, false, Proof.NEVER);

	static final Operation PUBLISH = new Operation("PUBLISH", false, false, false, Proof.NEVER);

	/**
	 * Whatever is done with several keys in a slot that is {@linkplain StuckSlots stuck}.
	 */
	static final Operation STUCK_SLOT = writing("calls of several keys in a slot", Proof.NEVER);

	/**
	 * To end a task with little or nothing to keep of it: what it has asked goes.
	 */
	static final Operation ABORT_TASK = freeing("end-task.lua without a result");

	static final Operation LRANGE = reading("LRANGE");

	static final Operation UNLINK = freeing("UNLINK");

	static Operation reading(String name) {
		return new Operation(name, true, false, false, Proof.NEVER);
	}

	static Operation writing(String name, Proof proof) {
		return new Operation(name, false, true, false, proof);
	}

	static Operation freeing(String name) {
		return new Operation(name, false, true, true, Proof.NEVER);
	}

	/**
	 * Say whether a probe does it as well, so that one that succeeds says that it isn't
	 * refused any more.
	 * @return whether it does
	 */
	boolean isProbed() {
		return !equals(SUBSCRIBE) && !equals(STUCK_SLOT) && !equals(CONNECT) && !equals(ECHO);
	}

	/**
	 * Say whether this is the probe itself, which is no call that anybody makes.
	 * @return whether it is
	 */
	boolean isProbe() {
		return equals(LuaScript.PROBE.operation());
	}

	/**
	 * Say whether it is done with keys, and so only by a server that has its data.
	 * @return whether it is
	 */
	boolean hasKeys() {
		return this.reads || this.writes;
	}

	boolean hasWritten(Object reply) {
		return switch (this.proof) {
			case ALWAYS -> true;
			case CODE -> reply instanceof List<?> list && Long.valueOf(1).equals(list.get(0));
			case NEVER -> false;
		};
	}

	@Override
	public String toString() {
		return this.name;
	}

	/**
	 * When a reply proves that Redis has written what a full one would have refused.
	 */
	enum Proof {

		/**
		 * Every reply does.
		 */
		ALWAYS,

		/**
		 * A reply that begins with 1 does.
		 */
		CODE,

		/**
		 * It may have removed something, or nothing was to be done.
		 */
		NEVER

	}

}
