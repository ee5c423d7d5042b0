package io.github.mcppersist.autoconfigure.metrics;

import java.util.Arrays;

import io.micrometer.common.docs.KeyName;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.docs.MeterDocumentation;
import org.jspecify.annotations.Nullable;

/**
 * All meters, by name. {@code docs/operations.md} has them as a table.
 */
enum EndpointMeter implements MeterDocumentation {

	EVENTS_STORED("mcp.persist.events.stored", Meter.Type.COUNTER, null,
			"Messages that the event store acknowledged to this instance"),

	EVENTS_REPLAYED("mcp.persist.events.replayed", Meter.Type.COUNTER, null,
			"Messages that resumed clients had missed and were sent"),

	EVENTS_DROPPED("mcp.persist.events.dropped", Meter.Type.COUNTER, null,
			"Messages that the event store never took: connected clients got them, no resume will"),

	EVENTS_UNSTORED("mcp.persist.events.unstored", Meter.Type.GAUGE, "bytes",
			"Bytes of events that wait in memory for the event store"),

	RESUMES("mcp.persist.resumes", Meter.Type.COUNTER, null, "Requests with Last-Event-ID, by how they ended",
			Tag.OUTCOME),

	GAPS("mcp.persist.gaps", Meter.Type.COUNTER, null,
			"Readers that missed events which are no longer kept or can't be read, and were told so"),

	PAYLOADS_UNREADABLE("mcp.persist.payloads.unreadable", Meter.Type.COUNTER, null,
			"Times that something could not be opened: its key is unknown, or it was changed", Tag.KIND),

	STORE_CALLS("mcp.persist.store.calls", Meter.Type.TIMER, null, "Calls of the stores of events, sessions and tasks",
			Tag.STORE, Tag.OPERATION, Tag.OUTCOME),

	STORE_AVAILABLE("mcp.persist.store.available", Meter.Type.GAUGE, null,
			"1 if the event store takes calls, and 0 during an outage", Tag.ACCESS),

	CONNECTIONS("mcp.persist.connections", Meter.Type.GAUGE, null, "Open SSE connections", Tag.KIND),

	SESSIONS("mcp.persist.sessions", Meter.Type.GAUGE, null, "Sessions in the memory of this instance"),

	SESSIONS_RESTORED("mcp.persist.sessions.restored", Meter.Type.COUNTER, null,
			"Sessions that this instance took over from the session store"),

	SESSIONS_NOT_STORED("mcp.persist.sessions.not.stored", Meter.Type.COUNTER, null,
			"Attempts to store a session in use that failed, since there are as many as there may be"),

	REQUESTS("mcp.persist.requests", Meter.Type.COUNTER, null, "Requests that were handled", Tag.ERA),

	REQUESTS_RUNNING("mcp.persist.requests.running", Meter.Type.GAUGE, null,
			"Requests whose response is yet to be stored, or to leave where none is stored", Tag.ERA),

	REQUESTS_CANCELLED("mcp.persist.requests.cancelled", Meter.Type.COUNTER, null,
			"Requests of this instance that their clients cancelled"),

	REQUESTS_ORPHANED("mcp.persist.requests.orphaned", Meter.Type.COUNTER, null,
			"Requests of an instance that has gone, or whose end the store has lost, which this one ended with an error",
			Tag.ERA),

	CALLS_PARKED("mcp.persist.calls.parked", Meter.Type.GAUGE, null,
			"Calls that run on this instance and have asked their clients for input"),

	CALLS_PARKED_ENDED("mcp.persist.calls.parked.ended", Meter.Type.COUNTER, null,
			"Calls that had asked their clients for input, by how they ended", Tag.OUTCOME),

	TASKS("mcp.persist.tasks", Meter.Type.GAUGE, null, "Calls of this instance that are tasks and not over",
			Tag.STATUS),

	TASKS_OLDEST("mcp.persist.tasks.oldest", Meter.Type.GAUGE, "seconds",
			"How long ago the oldest call of this instance became a task that isn't over"),

	TASKS_CREATED("mcp.persist.tasks.begun", Meter.Type.COUNTER, null, "Calls of this instance that became tasks"),

	TASKS_NOT_CREATED("mcp.persist.tasks.not.begun", Meter.Type.COUNTER, null,
			"Calls of this instance that were to become tasks and could not, each once for each reason", Tag.REASON),

	TASKS_ENDED("mcp.persist.tasks.ended", Meter.Type.TIMER, null,
			"How long calls of this instance were tasks, by how they ended", Tag.OUTCOME),

	ROUNDS("mcp.persist.rounds", Meter.Type.COUNTER, null,
			"Rounds of this instance's calls that ended with what the client is asked for"),

	INPUT_WAIT("mcp.persist.input.wait", Meter.Type.TIMER, null,
			"How long clients took to come back with what they were asked for"),

	REQUEST_STATES_REJECTED("mcp.persist.request.states.rejected", Meter.Type.COUNTER, null,
			"Clients that were refused to go on with a call, by what is wrong with the state that they brought back",
			Tag.REASON);

	private final String name;

	private final Meter.Type type;

	private final @Nullable String unit;

	private final String description;

	private final KeyName[] tags;

	EndpointMeter(String name, Meter.Type type, @Nullable String unit, String description, KeyName... tags) {
		this.name = name;
		this.type = type;
		this.unit = unit;
		this.description = description;
		this.tags = tags;
	}

	@Override
	public String getName() {
		return this.name;
	}

	@Override
	public Meter.Type getType() {
		return this.type;
	}

	@Override
	public @Nullable String getBaseUnit() {
		return this.unit;
	}

	String getDescription() {
		return this.description;
	}

	@Override
	public KeyName[] getKeyNames() {
		return this.tags.clone();
	}

	/**
	 * Return the tags of one meter of this name.
	 * @param values the values, in the order of the names
	 * @return the tags
	 */
	Tags tags(String... values) {
		if (values.length != this.tags.length) {
			throw new IllegalArgumentException(this.name + " has the tags " + Arrays.toString(this.tags));
		}
		Tags all = Tags.empty();
		for (int i = 0; i < values.length; i++) {
			all = all.and(this.tags[i].asString(), values[i]);
		}
		return all;
	}

	Timer timer(MeterRegistry registry, String... tagValues) {
		return Timer.builder(this.name).description(this.description).tags(tags(tagValues)).register(registry);
	}

	Counter counter(MeterRegistry registry, String... tagValues) {
		return Counter.builder(this.name).description(this.description).tags(tags(tagValues)).register(registry);
	}

	/**
	 * The names of the tags.
	 */
	enum Tag implements KeyName {

		ACCESS("access"), ERA("era"), KIND("kind"), OPERATION("operation"), OUTCOME("outcome"), REASON("reason"),

		STATUS("status"), STORE("store");

		private final String name;

		Tag(String name) {
			this.name = name;
		}

		@Override
		public String asString() {
			return this.name;
		}

	}

}
