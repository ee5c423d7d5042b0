package io.github.mcppersist.benchmarks;

import java.util.function.Function;

import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/**
 * What is compared.
 */
public enum Contender {

	/**
	 * Our own store.
	 */
	STORE("RedisEventStore", StoreEventLog::new),

	/**
	 * The script of our store, sent by nothing but Lettuce: what there is to gain by
	 * doing less on the client's side.
	 */
	LETTUCE("the same script, Lettuce alone", LettuceEventLog::new),

	/**
	 * The script of our store, sent by Spring Data's reactive template.
	 */
	TEMPLATE("the same script, ReactiveRedisTemplate", TemplateEventLog::new),

	/**
	 * The seed's layout, in one script.
	 */
	SEED_ONE_CALL("the seed's layout, one call", SeedEventLog::oneCall),

	/**
	 * The seed's layout, in two round trips.
	 */
	SEED_TWO_TRIPS("the seed's layout, two round trips", SeedEventLog::twoTrips);

	private final String title;

	private final Function<LettuceConnectionFactory, EventLog> opener;

	Contender(String title, Function<LettuceConnectionFactory, EventLog> opener) {
		this.title = title;
		this.opener = opener;
	}

	EventLog open(LettuceConnectionFactory connectionFactory) {
		return this.opener.apply(connectionFactory);
	}

	@Override
	public String toString() {
		return this.title;
	}

}
