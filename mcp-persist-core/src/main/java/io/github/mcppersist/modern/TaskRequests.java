package io.github.mcppersist.modern;

import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

import io.github.mcppersist.task.TaskEnd;
import io.github.mcppersist.task.TaskNotFoundException;
import io.github.mcppersist.task.TaskRecord;
import io.github.mcppersist.task.TaskStoreRefusedException;
import io.github.mcppersist.task.TaskStoreUnavailableException;
import io.github.mcppersist.task.TaskUnreadableException;

/**
 * Answers what clients want of their tasks, on whichever node these run (MCP extension
 * {@code io.modelcontextprotocol/tasks}): each by itself, from the store. Thread-safe.
 */
final class TaskRequests {

	static final String GET = "tasks/get";

	static final String UPDATE = "tasks/update";

	static final String CANCEL = "tasks/cancel";

	static final Set<String> METHODS = Set.of(GET, UPDATE, CANCEL);

	private static final Logger logger = LoggerFactory.getLogger(TaskRequests.class);

	/**
	 * One answer to an ID that is malformed, made up, another's, or too old.
	 */
	private static final ErrorResponse UNKNOWN = ErrorResponse.invalidParams("taskId is unknown, or has expired");

	static final ErrorResponse UNAVAILABLE = ErrorResponse
		.unavailable("the task can't be reached now; repeat the request");

	static final ErrorResponse TOO_LARGE = ErrorResponse.invalidParams(RequestBinding.INPUT_RESPONSES
			+ " is larger than the task has room for beside what it asks: answer less, or that first");

	private final Parking parking;

	private final PollLimit cancels;

	/**
	 * Those of updates that bring a task nothing, or can't be stored. Others are not
	 * counted: a client may answer all at once that it was asked, in a request each.
	 */
	private final PollLimit idleUpdates;

	TaskRequests(Parking parking) {
		this.parking = parking;
		this.cancels = limit();
		this.idleUpdates = limit();
	}

	private PollLimit limit() {
		return new PollLimit(this.parking.threads()::nanoTime, this.parking.settings().tasks().pollInterval());
	}

	/**
	 * Answer a request.
	 * @param request the request
	 * @param metadata what it says of its client
	 * @param principal who makes it, or {@code null} for nobody
	 * @param answer is given the answer, on any thread
	 * @throws RefusedException if it isn't a good one
	 */
	void handle(JSONRPCRequest request, RequestMetadata metadata, @Nullable String principal,
			Consumer<Outcome> answer) {
		if (!metadata.hasTasks()) {
			throw new RefusedException(ErrorResponse.missingCapability(MissingCapability.TASKS));
		}
		if (!(request.params() instanceof Map<?, ?> params) || !(params.get("taskId") instanceof String taskId)) {
			throw new RefusedException(ErrorResponse.invalidParams("taskId must be a text"));
		}
		String name = this.parking.name(taskId, principal);
		Mono<byte[]> result = switch (request.method()) {
			case GET -> get(taskId, name);
			case UPDATE -> update(name, InputResponses.required(params));
			default -> cancel(name);
		};
		result.switchIfEmpty(Mono.error(new RefusedException(UNKNOWN)))
			.subscribe((json) -> answer.accept(Outcome.of(json)), (ex) -> answer.accept(Outcome.of(error(ex))));
	}

	private Mono<byte[]> get(String taskId, String name) {
		ErrorResponse refused = this.parking.poll(name);
		if (refused != null) {
			throw new RefusedException(refused);
		}
		return find(this.parking.reads(), name).map((record) -> this.parking.messages().detailedTask(taskId, record));
	}

	private Mono<byte[]> cancel(String name) {
		if (!this.cancels.allows(name)) {
			throw new RefusedException(ErrorResponse.tooMany("cancel a task once"));
		}
		return this.parking.tasks().endTask(name, TaskEnd.cancelled(null)).map((first) -> acknowledged());
	}

	private Mono<TaskRecord> find(TaskReads reads, String name) {
		return reads.find(name).flatMap((record) -> {
			if (record.status().isTerminal()) {
				return Mono.just(record);
			}
			if (this.parking.isAbandoned(record.owner(), name)) {
				return this.parking.endAbandoned(record.owner(), name)
					.then(reads.find(name))
					.onErrorResume(TaskRequests::isNotEnded, (ex) -> {
						logger.debug("A task that nobody runs can't be ended yet; its client is told its state", ex);
						return Mono.just(record);
					});
			}
			this.parking.follows(record.owner(), name);
			return Mono.just(record);
		});
	}

	private static boolean isNotEnded(Throwable ex) {
		return ex instanceof TaskStoreUnavailableException || ex instanceof TaskStoreRefusedException;
	}

	private Mono<byte[]> update(String name, InputResponses given) {
		if (this.idleUpdates.isReached(name)) {
			throw new RefusedException(ErrorResponse.tooMany("answer a task what it asks, and that once"));
		}
		return find(this.parking.requests(), name).flatMap((record) -> {
			Map<String, byte[]> answers;
			try {
				answers = given.to(record.inputRequests(), this.parking.messages());
			}
			catch (RefusedException ex) {
				this.idleUpdates.allows(name);
				throw ex;
			}
			if (answers.isEmpty()) {
				this.idleUpdates.allows(name);
				return Mono.just(acknowledged());
			}
			return this.parking.tasks()
				.answerInput(name, answers)
				.map((state) -> acknowledged())
				.onErrorMap(TaskStoreRefusedException.class, (ex) -> new RefusedException(TOO_LARGE))
				.doOnError((ex) -> this.idleUpdates.allows(name));
		});
	}

	private byte[] acknowledged() {
		return this.parking.messages().acknowledged();
	}

	private static ErrorResponse error(Throwable ex) {
		if (ex instanceof RefusedException refused) {
			return refused.error();
		}
		if (ex instanceof TaskNotFoundException) {
			return UNKNOWN;
		}
		if (ex instanceof TaskStoreUnavailableException) {
			logger.debug("A client can't reach its task now", ex);
			return UNAVAILABLE;
		}
		if (ex instanceof TaskUnreadableException) {
			return UnreadableTask.error(ex);
		}
		logger.error("What a client wants of its task can't be done; please report this", ex);
		return ErrorResponse.failed();
	}

}
