package io.github.mcppersist.transport;

import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

import io.github.mcppersist.session.SubscribedUris;
import io.github.mcppersist.session.SubscriptionStore;

/**
 * Which resources any session, on any node, is subscribed to. A resource is added as soon
 * as this node hears of a subscription. Besides, it looks into the store from time to
 * time: each look goes on where the last one ended, so that it costs next to nothing
 * while nothing is new. That others have lost their last subscriber shows in the total;
 * then all is read once more, but not with each look, since it harms nobody to know of
 * one too many.
 * <p>
 * Thread-safe. One look is under way at a time.
 */
final class SubscribedResources {

	private static final Logger logger = LoggerFactory.getLogger(SubscribedResources.class);

	/**
	 * After so many looks all is read once more to find out what is to be forgotten.
	 */
	private static final int LOOKS_PER_CLEARING = 10;

	private final SubscriptionStore store;

	private final Listener listener;

	private final Map<String, Resource> resources = new ConcurrentHashMap<>();

	private final AtomicBoolean looking = new AtomicBoolean();

	/**
	 * The number of the look, and from here on what only the look under way uses.
	 */
	private volatile long look;

	private long after;

	/**
	 * How often all was read from the beginning.
	 */
	private long reading = 1;

	private int found;

	private long lastClearing;

	private boolean startedAgain;

	private boolean more;

	SubscribedResources(SubscriptionStore store, Listener listener) {
		this.store = store;
		this.listener = listener;
	}

	/**
	 * Resources have subscribers from now on.
	 * @param uris the resources
	 */
	void add(Collection<String> uris) {
		// In one step: a look may be about to forget it
		uris.forEach((uri) -> this.resources.compute(uri, (key, known) -> {
			if (known == null && this.resources.size() >= SubscriptionStore.MAX_SUBSCRIBED_URIS) {
				this.listener.refused(key);
				return null;
			}
			Resource resource = (known != null) ? known : added(key);
			resource.heardAt = this.look;
			return resource;
		}));
	}

	private Resource added(String uri) {
		this.listener.subscribed(uri);
		return new Resource();
	}

	/**
	 * Say whether a resource may have subscribers.
	 * @param uri the resource
	 * @return whether it is known to have some, or to have had some not long ago
	 */
	boolean contains(String uri) {
		return this.resources.containsKey(uri);
	}

	/**
	 * Look which resources have subscribers, unless that is being done already.
	 * @return completes when the listener knows; never fails
	 */
	Mono<Void> refresh() {
		return Mono.defer(() -> {
			if (!this.looking.compareAndSet(false, true)) {
				return Mono.empty();
			}
			this.look++;
			this.startedAgain = false;
			return read().repeat(() -> this.more).then().doFinally((signal) -> this.looking.set(false));
		}).onErrorResume((ex) -> {
			logger.debug("Subscriptions could not be read; trying again later", ex);
			return Mono.empty();
		});
	}

	private Mono<SubscribedUris> read() {
		return Mono.defer(() -> {
			this.more = false;
			return this.store.findSubscribedUris(this.after);
		}).doOnNext(this::read);
	}

	private void read(SubscribedUris answer) {
		if (answer.after() < this.after) {
			// What it has lost it can't tell
			startAgain();
			return;
		}
		answer.uris().forEach(this::found);
		this.after = answer.after();
		this.more = answer.more();
		if (!this.more) {
			finish(answer.total());
		}
	}

	private void found(String uri) {
		Resource resource = this.resources.computeIfAbsent(uri, this::added);
		if (resource.foundIn != this.reading) {
			resource.foundIn = this.reading;
			this.found++;
		}
	}

	private void finish(int total) {
		boolean missed = total > this.found;
		boolean gone = total < this.found && this.look - this.lastClearing >= LOOKS_PER_CLEARING;
		if ((missed || gone) && !this.startedAgain) {
			startAgain();
		}
		else if (this.resources.size() > this.found) {
			this.resources.keySet().forEach(this::forgetUnlessWanted);
		}
	}

	// Once in a look: where things change all the time the next look sees to the rest
	private void startAgain() {
		this.more = !this.startedAgain;
		this.startedAgain = true;
		this.lastClearing = this.look;
		this.reading++;
		this.found = 0;
		this.after = 0;
	}

	private void forgetUnlessWanted(String uri) {
		this.resources.computeIfPresent(uri, (key, resource) -> {
			// One that came while this look was under way, or that can't be stored for a
			// moment, isn't in what it found
			if (resource.foundIn == this.reading || resource.heardAt >= this.look - 1) {
				return resource;
			}
			this.listener.unsubscribed(key);
			return null;
		});
	}

	/**
	 * Is told which resources have subscribers, one call for a resource at a time. It
	 * must not block.
	 */
	interface Listener {

		/**
		 * A resource has subscribers.
		 * @param uri the resource
		 */
		void subscribed(String uri);

		/**
		 * A resource has none any more.
		 * @param uri the resource
		 */
		void unsubscribed(String uri);

		/**
		 * A resource has subscribers, and so many others have that this one isn't known.
		 * @param uri the resource
		 */
		void refused(String uri);

	}

	private static final class Resource {

		/**
		 * The look by which it was last heard of, other than from the store.
		 */
		private volatile long heardAt = -1;

		/**
		 * The reading that has found it last.
		 */
		private volatile long foundIn;

	}

}
