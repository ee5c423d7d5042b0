package io.github.mcppersist.transport;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Decides how the requests of one POST are answered: with a stream as soon as the first
 * of them runs or waits for its turn, and with a refusal, before anything is sent, if
 * none ever will. Thread-safe.
 */
final class Admission {

	private final int requests;

	private final Runnable open;

	private final Consumer<Throwable> refuse;

	private final List<RunningCall> refused = new ArrayList<>();

	private boolean decided;

	/**
	 * Create it.
	 * @param requests how many requests there are
	 * @param open opens the stream; called at most once, where {@link #accepted()} is
	 * @param refuse refuses them all, for the reason of the last; called instead
	 */
	Admission(int requests, Runnable open, Consumer<Throwable> refuse) {
		this.requests = requests;
		this.open = open;
		this.refuse = refuse;
	}

	/**
	 * A request runs, waits for its turn, or is answered already.
	 */
	void accepted() {
		List<RunningCall> late;
		synchronized (this) {
			if (this.decided) {
				return;
			}
			this.decided = true;
			late = List.copyOf(this.refused);
		}
		this.open.run();
		late.forEach(Admission::refuse);
	}

	/**
	 * A request won't be run.
	 * @param call the request
	 * @param ex why
	 */
	void refused(RunningCall call, Throwable ex) {
		boolean last;
		synchronized (this) {
			if (!this.decided) {
				this.refused.add(call);
				if (this.refused.size() < this.requests) {
					return;
				}
			}
			last = !this.decided;
			this.decided = true;
		}
		if (last) {
			this.refuse.accept(ex);
		}
		else {
			refuse(call);
		}
	}

	private static void refuse(RunningCall call) {
		call.fail("The server is busy: too many requests are running and waiting");
	}

}
