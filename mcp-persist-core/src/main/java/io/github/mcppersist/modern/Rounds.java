package io.github.mcppersist.modern;

import java.util.function.Consumer;

import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.github.mcppersist.observe.EndpointObserver;
import io.github.mcppersist.observe.ParkedCallOutcome;
import io.github.mcppersist.stream.Mailbox;

/**
 * A request and what comes of it, on the node that runs its handler: one round, unless
 * the handler asks its client for input. Then the call is parked, its request is answered
 * with what is asked, and its client comes back with the answers, to whichever node (MCP
 * 2026-07-28, "Multi Round-Trip Requests"). Thread-safe: its state belongs to a
 * {@link Mailbox}.
 * <table>
 * <caption>What happens while it runs</caption>
 * <tr>
 * <th></th>
 * <th>connected</th>
 * <th>parked</th>
 * </tr>
 * <tr>
 * <td>the handler has asked, and waits ({@link Settling})</td>
 * <td>parked, if there is a place</td>
 * <td>its {@link ParkedCall} tells a client that waits</td>
 * </tr>
 * <tr>
 * <td>the handler ends, or is to</td>
 * <td>over: the request is answered</td>
 * <td>ending, and over when its {@link ParkedCall} is</td>
 * </tr>
 * <tr>
 * <td>the client closes the first response before it was answered</td>
 * <td>over: the handler is stopped</td>
 * <td>ending: the handler is stopped</td>
 * </tr>
 * <tr>
 * <td>the client stays away</td>
 * <td></td>
 * <td>ending: the handler is stopped</td>
 * </tr>
 * <tr>
 * <td>somebody else has ended it, or nothing more can be stored</td>
 * <td></td>
 * <td>over: the handler is stopped</td>
 * </tr>
 * </table>
 */
final class Rounds implements Call.Listener, RoundResponse.Listener, ParkedCall.Listener {

	private static final Logger logger = LoggerFactory.getLogger(Rounds.class);

	private final Mailbox mailbox = new Mailbox();

	private final Parking parking;

	private final EndpointObserver observer;

	private final ModernRequest origin;

	private final JSONRPCRequest request;

	private final Round first;

	private final Call call;

	private final Questions questions;

	private final Settling settling;

	private final Consumer<Rounds> over;

	/**
	 * Whose client is told what the handler sends, if one is connected.
	 */
	private volatile @Nullable Round current;

	private Phase phase = Phase.RUNNING;

	/**
	 * The call in the store, once it is to be there.
	 */
	private @Nullable ParkedCall parked;

	/**
	 * Whether the handler has asked for what its client hadn't given before.
	 */
	private boolean asks;

	private boolean hasPlace;

	private boolean handled;

	private boolean closed;

	/**
	 * Create it.
	 * @param parking keeps calls that wait for their clients
	 * @param observer is told what happens
	 * @param origin what the request came with
	 * @param request the request
	 * @param given what the client answers before it is asked
	 * @param metadata what it says of its client
	 * @param reply answers it
	 * @param over is told when all is over, once
	 */
	Rounds(Parking parking, EndpointObserver observer, ModernRequest origin, JSONRPCRequest request,
			InputResponses given, RequestMetadata metadata, ModernReply reply, Consumer<Rounds> over) {
		this.parking = parking;
		this.observer = observer;
		this.origin = origin;
		this.request = request;
		this.over = over;
		this.call = new Call(parking.threads(), this);
		this.questions = new Questions(this.mailbox, given, parking.messages(), this::toHandler);
		this.settling = new Settling(this.mailbox, parking.threads(), this::isAwaited, this.call::isQuiet,
				this::settled);
		this.first = new Round(request.id(), metadata,
				new RoundResponse(parking.threads(), reply, parking.settings(), this), parking.messages());
		this.current = this.first;
	}

	JSONRPCRequest request() {
		return this.request;
	}

	Call call() {
		return this.call;
	}

	/**
	 * Return what is known of the client by the first request.
	 * @return what the handler was told of it
	 */
	RequestMetadata metadata() {
		return this.first.metadata();
	}

	/**
	 * Return where notifications go.
	 * @return the round whose client is connected to this node, or {@code null} if none
	 * is
	 */
	@Nullable Round current() {
		return this.current;
	}

	/**
	 * A client that is connected to this node waits for the next outcome.
	 * @param round its request
	 */
	void attach(Round round) {
		this.mailbox.execute(() -> this.current = round);
	}

	void detach(Round round) {
		this.mailbox.execute(() -> {
			if (this.current == round) {
				this.current = null;
			}
		});
	}

	/**
	 * Ask the client for something.
	 * @param key what the handler wants the request to be called
	 * @param question the request
	 */
	void ask(String key, Question question) {
		this.mailbox.execute(() -> asked(key, question));
	}

	/**
	 * Stop the handler, since the server is going.
	 * @param error what the client gets, whenever it asks
	 */
	void abandon(ErrorResponse error) {
		this.mailbox.execute(() -> stop(new Ending(Outcome.of(error), ParkedCallOutcome.SHUT_DOWN)));
	}

	/**
	 * Close the first response, whether all has left or not.
	 */
	void abort() {
		this.first.response().abort();
	}

	/**
	 * Let time pass.
	 */
	void tick() {
		this.first.response().tick();
		this.mailbox.execute(() -> {
			if (this.parked != null && this.parked.isOverdue() && this.phase == Phase.RUNNING) {
				logger.debug("A call is cancelled: its client hasn't come back with what it was asked for");
				stop(new Ending(null, ParkedCallOutcome.TIMED_OUT));
			}
		});
	}

	/**
	 * Look whether the store has something new.
	 */
	void look() {
		this.mailbox.execute(() -> {
			if (this.parked != null) {
				this.parked.look();
			}
		});
	}

	@Override
	public void ended(Outcome outcome) {
		this.mailbox.execute(() -> end(new Ending(outcome, ParkedCallOutcome.COMPLETED)));
	}

	@Override
	public void handled() {
		this.mailbox.execute(() -> {
			this.handled = true;
			tellIfOver();
		});
	}

	@Override
	public void clientGone() {
		if (this.call.cancel()) {
			logger.debug("A request was cancelled: its client has closed the response");
			this.observer.requestCancelled();
			this.mailbox.execute(() -> end(new Ending(null, ParkedCallOutcome.CANCELLED)));
		}
	}

	@Override
	public void closed() {
		this.mailbox.execute(() -> {
			this.closed = true;
			tellIfOver();
		});
	}

	@Override
	public void carryOn(Runnable task) {
		this.call.carryOn(task);
	}

	private void toHandler(Runnable task) {
		this.parking.threads().release(() -> this.call.carryOn(this.origin.carried(task)));
	}

	// In the mailbox

	private void asked(String key, Question question) {
		assert this.mailbox.isInside();
		if (this.phase != Phase.RUNNING) {
			// Of a thread that goes on beside the handler, or behind its end
			this.questions.reject(question);
			return;
		}
		try {
			if (this.questions.ask(key, question)) {
				this.asks = true;
				takePlace();
				this.settling.begin();
			}
		}
		catch (RefusedException ex) {
			stop(new Ending(Outcome.of(ex.error()), ParkedCallOutcome.REFUSED));
		}
	}

	private void takePlace() {
		if (!this.hasPlace) {
			this.parking.take(this.origin.principal());
			this.hasPlace = true;
		}
	}

	private boolean isAwaited() {
		return this.phase == Phase.RUNNING && !this.questions.isEmpty()
				&& (this.parked == null || this.parked.isAwaited());
	}

	private void settled() {
		assert this.mailbox.isInside();
		ParkedCall parked = this.parked;
		if (parked != null) {
			parked.settled();
			return;
		}
		parked = new ParkedCall(this.mailbox, this.parking, this.observer, this.origin.principal(), this.questions,
				this);
		this.parked = parked;
		this.parking.enter(parked.name(), this);
		parked.begin(this.request);
	}

	@Override
	public void answered() {
		assert this.mailbox.isInside();
		if (!this.questions.isEmpty()) {
			// What was asked besides, and isn't answered
			this.settling.begin();
		}
	}

	private void stop(Ending ending) {
		this.call.cancel();
		end(ending);
	}

	private void end(Ending ending) {
		assert this.mailbox.isInside();
		if (this.phase != Phase.RUNNING) {
			return;
		}
		this.phase = Phase.ENDING;
		if (this.parked != null) {
			this.parked.end(ending);
			return;
		}
		if (ending.outcome() != null) {
			answerFirst(ending.outcome());
		}
		over(ending);
	}

	@Override
	public void answerFirst(Outcome outcome) {
		assert this.mailbox.isInside();
		this.current = null;
		this.first.answer(outcome);
	}

	@Override
	public void over(Ending ending) {
		assert this.mailbox.isInside();
		this.phase = Phase.OVER;
		this.call.cancel();
		this.questions.close();
		if (this.parked != null) {
			this.parking.leave(this.parked.name());
		}
		if (this.hasPlace) {
			this.hasPlace = false;
			this.parking.giveBack(this.origin.principal());
		}
		if (this.asks) {
			this.observer.parkedCallEnded(ending.observed());
		}
		tellIfOver();
	}

	private void tellIfOver() {
		if (this.phase == Phase.OVER && this.handled && this.closed) {
			this.phase = Phase.TOLD;
			this.over.accept(this);
		}
	}

	private enum Phase {

		/**
		 * It may ask, and whatever is next may come of it.
		 */
		RUNNING,

		/**
		 * It is known how it ends, which is to be stored.
		 */
		ENDING,

		/**
		 * Nothing more comes of it; its handler and its response may take their time.
		 */
		OVER,

		/**
		 * Whoever has it was told to forget it.
		 */
		TOLD

	}

}
