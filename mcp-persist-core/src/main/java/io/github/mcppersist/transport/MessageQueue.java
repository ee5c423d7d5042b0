package io.github.mcppersist.transport;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Predicate;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import io.github.mcppersist.node.NodeMessage;
import io.github.mcppersist.stream.LogLimit;
import io.github.mcppersist.stream.Mailbox;
import io.github.mcppersist.stream.StreamContext;
import io.github.mcppersist.stream.Threads;

/**
 * Messages that wait for their turn, one after the other: those that are the same are
 * one, which takes the place of the first. They wait for a moment, since changes come
 * many at a time, and from several nodes. One that can't be worked off for now keeps its
 * place, and is tried again each second, for so long: others wait behind it. What fails
 * for another reason is dropped at once. Thread-safe.
 */
final class MessageQueue {

	/**
	 * How many messages may wait.
	 */
	static final int MAX_WAITING = 1000;

	/**
	 * How long the first one waits for others.
	 */
	static final Duration PAUSE = Duration.ofMillis(20);

	static final Duration RETRY_INTERVAL = Duration.ofSeconds(1);

	/**
	 * For how long a broadcast is tried.
	 */
	static final Duration MAX_TRIED = Duration.ofMinutes(1);

	private static final Logger logger = LoggerFactory.getLogger(MessageQueue.class);

	/**
	 * How long one message may take.
	 */
	private static final Duration LIMIT = Duration.ofSeconds(10);

	private final Threads threads;

	private final Function<NodeMessage, Mono<Void>> work;

	private final Predicate<Throwable> passes;

	private final Duration maxTried;

	private final LogLimit full;

	private final LogLimit dropped;

	private final Mailbox mailbox = new Mailbox();

	// In the mailbox

	private Set<NodeMessage> waiting = new LinkedHashSet<>();

	/**
	 * Whether there is to be a round, or one is under way.
	 */
	private boolean busy;

	// Of one round after the other

	private @Nullable NodeMessage failing;

	private long failingSince;

	/**
	 * Create an empty queue.
	 * @param threads the endpoint's threads
	 * @param work works a message off
	 * @param passes says of what that fails with whether it may be over in a second
	 * @param maxTried for how long one message is tried
	 */
	MessageQueue(Threads threads, Function<NodeMessage, Mono<Void>> work, Predicate<Throwable> passes,
			Duration maxTried) {
		this.threads = threads;
		this.work = work;
		this.passes = passes;
		this.maxTried = maxTried;
		this.full = new LogLimit(threads::nanoTime);
		this.dropped = new LogLimit(threads::nanoTime);
	}

	/**
	 * Add a message, unless the same waits already. It is lost if too many wait.
	 * @param message the message
	 */
	void add(NodeMessage message) {
		this.mailbox.execute(() -> {
			if (this.waiting.size() < MAX_WAITING || this.waiting.contains(message)) {
				this.waiting.add(message);
				later(PAUSE);
			}
			else {
				full();
			}
		});
	}

	private void full() {
		this.full.log((before) -> logger.warn("Broadcasts to other nodes, or of them, are dropped: {} wait already. {} "
				+ "more since the last line; logged once a minute", MAX_WAITING, before));
	}

	private void later(Duration delay) {
		if (!this.busy && !this.waiting.isEmpty()) {
			this.busy = true;
			this.threads.deliverLater(delay, () -> this.mailbox.execute(this::round));
		}
	}

	private void round() {
		List<NodeMessage> messages = List.copyOf(this.waiting);
		this.waiting.clear();
		AtomicInteger done = new AtomicInteger();
		Flux.fromIterable(messages)
			.concatMap((message) -> Mono.defer(() -> this.work.apply(message))
				.timeout(this.threads.after(LIMIT))
				.onErrorResume((ex) -> isToBeTriedAgain(message, ex) ? Mono.error(ex) : Mono.empty())
				.doOnSuccess((nothing) -> done.incrementAndGet()))
			.subscribe((nothing) -> {
			}, (ex) -> {
				logger.debug("A message has to wait, it could not be worked off", ex);
				over(messages.subList(done.get(), messages.size()), RETRY_INTERVAL);
			}, () -> over(List.of(), PAUSE));
	}

	private boolean isToBeTriedAgain(NodeMessage message, Throwable ex) {
		if (!message.equals(this.failing)) {
			this.failing = message;
			this.failingSince = this.threads.nanoTime();
		}
		boolean passes = ex instanceof TimeoutException || this.passes.test(ex);
		if (passes && this.threads.nanoTime() - this.failingSince < StreamContext.nanos(this.maxTried)) {
			return true;
		}
		this.failing = null;
		this.dropped.log((before) -> logger.warn(
				"A broadcast to other nodes, or of one, or an update of a resource, is dropped, since it can't be worked "
						+ "off. {} more since the last line; logged once a minute",
				before, ex));
		return false;
	}

	private void over(List<NodeMessage> left, Duration pause) {
		this.mailbox.execute(() -> {
			// They were there first
			List<NodeMessage> newer = new ArrayList<>(this.waiting);
			this.waiting = new LinkedHashSet<>(left);
			newer.stream().filter((message) -> !left.contains(message)).forEach((message) -> {
				if (this.waiting.size() < MAX_WAITING) {
					this.waiting.add(message);
				}
				else {
					full();
				}
			});
			this.busy = false;
			later(pause);
		});
	}

}
