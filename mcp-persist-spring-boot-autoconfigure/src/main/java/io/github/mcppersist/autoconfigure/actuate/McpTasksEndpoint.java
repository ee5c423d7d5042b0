package io.github.mcppersist.autoconfigure.actuate;

import java.time.Duration;
import java.util.List;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.actuate.endpoint.Access;
import org.springframework.boot.actuate.endpoint.InvalidEndpointRequestException;
import org.springframework.boot.actuate.endpoint.annotation.DeleteOperation;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;
import org.springframework.boot.actuate.endpoint.web.annotation.WebEndpoint;

import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.payload.EncodedTaskStore;
import io.github.mcppersist.payload.Payloads;
import io.github.mcppersist.task.MonitoredTaskStore;
import io.github.mcppersist.task.StoredTask;
import io.github.mcppersist.task.TaskNames;
import io.github.mcppersist.task.TaskNotFoundException;
import io.github.mcppersist.task.TaskPage;
import io.github.mcppersist.task.TaskStore;
import io.github.mcppersist.task.TaskStoreUnavailableException;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

/**
 * Actuator endpoint that shows the tasks of all nodes, and ends one. Tasks go by their
 * {@linkplain TaskNames names}, with which nobody gets at a result. It shows neither
 * arguments nor questions, answers and results, and no principal. Ending needs
 * {@code management.endpoint.mcptasks.access=unrestricted}.
 */
@WebEndpoint(id = "mcptasks", defaultAccess = Access.READ_ONLY)
public final class McpTasksEndpoint {

	private static final Logger logger = LoggerFactory.getLogger(McpTasksEndpoint.class);

	/**
	 * The store's calls end in time by themselves; this is for stores that don't.
	 */
	private static final Duration LIMIT = Duration.ofSeconds(10);

	private static final int DEFAULT_SIZE = 50;

	/**
	 * Of what a tool says of its task.
	 */
	private static final int MAX_TEXT = 200;

	private final StreamableHttpEndpoint endpoint;

	private final MonitoredTaskStore taskStore;

	private final boolean listing;

	McpTasksEndpoint(StreamableHttpEndpoint endpoint, TaskStore taskStore) {
		this.endpoint = endpoint;
		// What can't be read the MCP endpoint reports
		this.taskStore = new EncodedTaskStore(taskStore, new Payloads(endpoint.payloadCodec(), (place, failure) -> {
		}));
		this.listing = taskStore instanceof MonitoredTaskStore;
	}

	/**
	 * List the tasks, running and ended ones, the one that is kept longest in front.
	 * @param after {@code next} of the page before, or nothing for the first page
	 * @param size how many at most, 50 if nothing is said, and up to 200
	 * @return the page; 404 if the store is one that doesn't list tasks, and 503 if it is
	 * out of reach
	 */
	@ReadOperation
	public WebEndpointResponse<TasksDescriptor> tasks(@Nullable String after, @Nullable Integer size) {
		if (!this.listing) {
			return new WebEndpointResponse<>(WebEndpointResponse.STATUS_NOT_FOUND);
		}
		try {
			TaskPage page = this.taskStore.findTasks(after, (size != null) ? size : DEFAULT_SIZE).block(LIMIT);
			List<StoredTask> tasks = (page != null) ? page.tasks() : List.of();
			return new WebEndpointResponse<>(new TasksDescriptor(tasks.stream().map(TaskSummary::of).toList(),
					(page != null) ? page.next() : null, null));
		}
		catch (IllegalArgumentException ex) {
			String reason = String.valueOf(ex.getMessage());
			throw new InvalidEndpointRequestException(reason, reason);
		}
		catch (TaskStoreUnavailableException ex) {
			return new WebEndpointResponse<>(new TasksDescriptor(List.of(), null, ex.getMessage()),
					WebEndpointResponse.STATUS_SERVICE_UNAVAILABLE);
		}
	}

	/**
	 * Show a task.
	 * @param task the name of the task
	 * @return the task, 404 if there is none, or the store is one that doesn't list
	 * tasks, and 503 if that can't be known
	 */
	@ReadOperation
	public WebEndpointResponse<TaskDescriptor> task(@Selector String task) {
		try {
			StoredTask found = find(task);
			return (found != null) ? new WebEndpointResponse<>(new TaskDescriptor(task, TaskSummary.of(found), null))
					: new WebEndpointResponse<>(WebEndpointResponse.STATUS_NOT_FOUND);
		}
		catch (TaskStoreUnavailableException ex) {
			return new WebEndpointResponse<>(new TaskDescriptor(task, null, ex.getMessage()),
					WebEndpointResponse.STATUS_SERVICE_UNAVAILABLE);
		}
	}

	private @Nullable StoredTask find(String name) {
		// The characters are those of a session's name
		boolean mayBe = this.listing && StreamKey.isSessionName(name);
		return mayBe ? this.taskStore.describeTask(name).block(LIMIT) : null;
	}

	/**
	 * End a task for good, as its client does with {@code tasks/cancel}, on whichever
	 * node it runs.
	 * @param task the name of the task
	 * @return 204 if it has ended, by this or before, 404 if there is none, and 503 if
	 * the store is out of reach: then it may be ended or not, and the request can be made
	 * again
	 */
	@DeleteOperation
	public WebEndpointResponse<OutageDescriptor> end(@Selector String task) {
		try {
			return new WebEndpointResponse<>((find(task) != null && ended(task)) ? WebEndpointResponse.STATUS_NO_CONTENT
					: WebEndpointResponse.STATUS_NOT_FOUND);
		}
		catch (TaskStoreUnavailableException ex) {
			return new WebEndpointResponse<>(new OutageDescriptor(ex.getMessage()),
					WebEndpointResponse.STATUS_SERVICE_UNAVAILABLE);
		}
	}

	private boolean ended(String name) {
		try {
			if (Boolean.TRUE.equals(this.endpoint.endTask(name).block(LIMIT))) {
				logger.info("Task {} was ended through the Actuator endpoint", name);
			}
			return true;
		}
		catch (TaskNotFoundException ex) {
			return false;
		}
	}

	/**
	 * Some of the tasks.
	 *
	 * @param tasks the tasks
	 * @param next the parameter {@code after} of the next page, if there is one
	 * @param outage why the store couldn't be asked, if it couldn't
	 */
	public record TasksDescriptor(List<TaskSummary> tasks, @Nullable String next, @Nullable String outage) {

	}

	/**
	 * A task.
	 *
	 * @param task its name
	 * @param summary what the list has of it, if the store could be asked
	 * @param outage why the store couldn't be asked, if it couldn't
	 */
	public record TaskDescriptor(String task, @Nullable TaskSummary summary, @Nullable String outage) {

	}

	/**
	 * Why a task could not be ended.
	 *
	 * @param outage why the store is out of reach
	 */
	public record OutageDescriptor(@Nullable String outage) {

	}

	/**
	 * What is known of a task.
	 *
	 * @param task its name
	 * @param tool the tool that runs, or ran; {@code null} if that can't be read
	 * @param status the state that it is in, as the specification spells it
	 * @param statusMessage what its client is told of that, two hundred characters at
	 * most
	 * @param inputRequests how many things its client was asked and hasn't answered
	 * @param owner the hash by which stores know whose it is; {@code null} if it is
	 * nobody's
	 * @param node the ID of the node that runs it, or ran it
	 * @param ageSeconds how long ago its call was stored
	 * @param idleSeconds how long ago it changed last
	 * @param leftSeconds how long it is still kept at least
	 */
	public record TaskSummary(String task, @Nullable String tool, String status, @Nullable String statusMessage,
			int inputRequests, @Nullable String owner, String node, long ageSeconds, long idleSeconds,
			long leftSeconds) {

		static TaskSummary of(StoredTask task) {
			return new TaskSummary(task.taskId(), task.tool(), task.status().toString(),
					shortened(task.statusMessage()), task.inputRequests(), task.principal(), task.node(),
					task.age().toSeconds(), task.idle().toSeconds(), task.left().toSeconds());
		}

		private static @Nullable String shortened(@Nullable String text) {
			return (text != null && text.length() > MAX_TEXT) ? text.substring(0, MAX_TEXT) : text;
		}

	}

}
