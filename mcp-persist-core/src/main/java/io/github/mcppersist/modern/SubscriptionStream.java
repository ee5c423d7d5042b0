package io.github.mcppersist.modern;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Supplier;

import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import org.jspecify.annotations.Nullable;

import io.github.mcppersist.stream.Mailbox;
import io.github.mcppersist.stream.SseFrame;
import io.github.mcppersist.stream.SseOutput;
import io.github.mcppersist.task.TaskRecord;

/**
 * The response to {@code subscriptions/listen}: it acknowledges the subscription, and
 * tells of changes until the client closes it, the server goes, or what it is to tell of
 * has gone (MCP 2026-07-28, "Subscriptions"). Of several changes of the same, which wait
 * for a client that reads slowly, only the last one is kept: so what waits is never more
 * than what the client asked for. Of a task only that it has changed waits: its state,
 * which may be large, is read when the client can take it, and one after the other.
 * Thread-safe: its state belongs to a {@link Mailbox}.
 * <table>
 * <caption>What happens in which state</caption>
 * <tr>
 * <th></th>
 * <th>opening</th>
 * <th>open</th>
 * <th>ended</th>
 * </tr>
 * <tr>
 * <td>a change</td>
 * <td>waits behind the acknowledgement</td>
 * <td>is sent when the client can take it</td>
 * <td>is dropped</td>
 * </tr>
 * <tr>
 * <td>the other nodes know</td>
 * <td>open: the response begins</td>
 * <td></td>
 * <td></td>
 * </tr>
 * <tr>
 * <td>the server goes, or the store has lost a task</td>
 * <td>ended: with what waits, and the result, once it begins</td>
 * <td>ended: with what waits, and the result</td>
 * <td></td>
 * </tr>
 * <tr>
 * <td>silence for a heartbeat</td>
 * <td></td>
 * <td>a comment</td>
 * <td></td>
 * </tr>
 * <tr>
 * <td>the client has gone, or takes nothing for two minutes</td>
 * <td>isn't seen</td>
 * <td>ended</td>
 * <td></td>
 * </tr>
 * </table>
 */
final class SubscriptionStream implements SseOutput.Source {

	private final Mailbox mailbox = new Mailbox();

	private final Parking parking;

	private final JSONRPCRequest request;

	private final SubscriptionFilter filter;

	private final ModernReply reply;

	private final Consumer<SubscriptionStream> over;

	private final SseOutput output;

	private final Outgoing.Answer kept;

	/**
	 * The changes that wait, by what they are about.
	 */
	private final Map<String, Supplier<byte[]>> waiting = new LinkedHashMap<>();

	private final List<FollowedTask> tasks = new ArrayList<>();

	/**
	 * What reads the tasks that may have changed.
	 */
	private final Map<Followed, Runnable> due = new LinkedHashMap<>();

	/**
	 * Whether one of them is being read.
	 */
	private boolean reading;

	private State state = State.OPENING;

	private boolean begun;

	/**
	 * Create a stream, which opens later.
	 * @param parking knows the tasks
	 * @param request the request, whose ID is that of the subscription
	 * @param filter what the server has agreed to tell
	 * @param principal who makes it, or {@code null} for nobody
	 * @param reply answers it
	 * @param over is told in the mailbox when nothing more leaves, once
	 */
	SubscriptionStream(Parking parking, JSONRPCRequest request, SubscriptionFilter filter, @Nullable String principal,
			ModernReply reply, Consumer<SubscriptionStream> over) {
		this.parking = parking;
		this.request = request;
		this.filter = filter;
		this.reply = reply;
		this.kept = parking.outgoing().answer(principal);
		this.over = over;
		this.output = new SseOutput(this.mailbox, parking.threads(), this);
		this.mailbox.execute(() -> add(parking.messages().acknowledgement(request, filter)));
	}

	/**
	 * Tell the client the states of tasks: what they are, and whatever they become.
	 * @param names their names, by the IDs that the client knows
	 */
	void follow(Map<String, String> names) {
		this.mailbox.execute(() -> names.forEach((taskId, name) -> {
			FollowedTask task = new FollowedTask(this.mailbox, this.parking, name, new Followed(taskId));
			this.tasks.add(task);
			task.begin();
		}));
	}

	/**
	 * Begin the response.
	 */
	void open() {
		this.mailbox.execute(this::begin);
	}

	/**
	 * Tell of a change, if the client wants to know of it.
	 * @param change the change
	 */
	void tell(Change change) {
		String subject = this.filter.subject(change.method(), change.params());
		if (subject == null) {
			return;
		}
		this.mailbox.execute(() -> {
			if (this.state != State.ENDED) {
				wait(subject,
						() -> this.parking.messages().notification(this.request, change.method(), change.params()));
			}
		});
	}

	private void wait(String subject, Supplier<byte[]> notification) {
		// The last one comes last
		this.waiting.remove(subject);
		this.waiting.put(subject, notification);
		this.output.drain();
	}

	/**
	 * End the subscription, and say so to the client.
	 */
	void end() {
		this.mailbox.execute(() -> {
			if (this.state != State.ENDED) {
				addWaiting();
				this.state = State.ENDED;
				// The client will see it elsewhere
				this.due.keySet().removeIf((task) -> task.isRefused);
				addEnd();
				this.output.drain();
			}
		});
	}

	/**
	 * Let time pass.
	 */
	void tick() {
		this.mailbox.execute(() -> {
			long now = this.parking.threads().nanoTime();
			if (this.begun && this.output.isStalled(now)) {
				this.output.finish();
			}
			else if (this.state == State.OPEN) {
				this.output.beat(now, this.parking.settings().heartbeatInterval().toNanos());
				this.tasks.forEach(FollowedTask::tick);
				if (!this.due.isEmpty()) {
					// There may be room again for what is to be read
					this.output.drain();
				}
			}
		});
	}

	/**
	 * Close the connection, whether all has left or not.
	 */
	void abort() {
		this.mailbox.execute(() -> {
			this.output.finish();
			begin();
		});
	}

	// In the mailbox

	private void begin() {
		if (this.begun) {
			return;
		}
		this.begun = true;
		if (this.state == State.OPENING) {
			this.state = State.OPEN;
		}
		this.output.openSoon(this.reply.output(SseOutput.HEADERS));
		this.output.drain();
	}

	private void add(byte[] message) {
		this.output.add(new SseFrame(null, message, null));
	}

	private void addWaiting() {
		this.waiting.values().forEach((notification) -> add(notification.get()));
		this.waiting.clear();
	}

	// Behind the states that are to be told before
	private void addEnd() {
		if (this.state == State.ENDED && !this.reading && this.due.isEmpty()) {
			add(this.parking.messages().ended(this.request));
			this.output.end();
		}
	}

	@Override
	public void more() {
		this.kept.left();
		if (!this.waiting.isEmpty()) {
			addWaiting();
			this.output.drain();
		}
		else if (!this.reading) {
			this.due.keySet().stream().filter(Followed::mayBeRead).findFirst().ifPresent((task) -> {
				this.reading = true;
				Objects.requireNonNull(this.due.remove(task)).run();
			});
		}
	}

	@Override
	public void closed(boolean complete) {
		this.state = State.ENDED;
		this.kept.left();
		this.waiting.clear();
		this.due.clear();
		this.tasks.forEach(FollowedTask::close);
		this.over.accept(this);
	}

	/**
	 * A task that the client listens to.
	 */
	private final class Followed implements FollowedTask.Listener {

		private final String taskId;

		/**
		 * Whether there was no room for its state.
		 */
		private boolean isRefused;

		Followed(String taskId) {
			this.taskId = taskId;
		}

		boolean mayBeRead() {
			return !this.isRefused || SubscriptionStream.this.kept.mayHaveRoom();
		}

		@Override
		public void due(Runnable read) {
			if (SubscriptionStream.this.state != State.ENDED) {
				SubscriptionStream.this.due.put(this, read);
				SubscriptionStream.this.output.drain();
			}
		}

		@Override
		public boolean read(@Nullable TaskRecord state) {
			SubscriptionStream.this.reading = false;
			this.isRefused = state != null && !add(state);
			boolean taken = !this.isRefused;
			addEnd();
			SubscriptionStream.this.output.drain();
			return taken;
		}

		private boolean add(TaskRecord state) {
			byte[] message = SubscriptionStream.this.parking.messages()
				.taskChanged(SubscriptionStream.this.request, this.taskId, state);
			if (SubscriptionStream.this.kept.keep(message.length) != null) {
				return false;
			}
			SubscriptionStream.this.add(message);
			return true;
		}

		@Override
		public void lost() {
			end();
		}

	}

	private enum State {

		OPENING, OPEN, ENDED

	}

	/**
	 * What clients are told.
	 *
	 * @param method the method of the notification
	 * @param params its parameters
	 */
	record Change(String method, Map<String, ?> params) {

	}

}
