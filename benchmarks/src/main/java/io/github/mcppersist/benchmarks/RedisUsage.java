package io.github.mcppersist.benchmarks;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

import io.github.mcppersist.test.redis.RedisServer;

/**
 * What Redis has done since it was started.
 *
 * @param nanos when it was asked, or how long that took
 * @param calls how many calls of nodes it has answered, if they were idle
 * @param sent how many bytes it has sent, answers and messages
 * @param received how many bytes it has received
 * @param processorSeconds how much processor time it has used
 * @param answer how many bytes the answer to this question has, which are sent after it
 */
record RedisUsage(long nanos, long calls, long sent, long received, double processorSeconds, int answer) {

	static RedisUsage of(RedisServer redis) {
		String info = (String) redis.cli("INFO", "all");
		// Each probe publishes within its script, and is the only one to unlink something
		long calls = calls(info, "evalsha") + calls(info, "publish") - calls(info, "unlink");
		return new RedisUsage(System.nanoTime(), calls, (long) number(info, "total_net_output_bytes"),
				(long) number(info, "total_net_input_bytes"),
				number(info, "used_cpu_user") + number(info, "used_cpu_sys"), info.length());
	}

	RedisUsage since(RedisUsage before) {
		return new RedisUsage(this.nanos - before.nanos, this.calls - before.calls,
				this.sent - before.sent - before.answer, this.received - before.received,
				this.processorSeconds - before.processorSeconds, 0);
	}

	private static long calls(String info, String command) {
		Matcher matcher = Pattern.compile("(?m)^cmdstat_" + command + ":calls=(\\d+),").matcher(info);
		return matcher.find() ? Long.parseLong(matcher.group(1)) : 0;
	}

	static double number(String info, String field) {
		Matcher matcher = Pattern.compile("(?m)^" + field + "[:=]([\\d.]+)").matcher(info);
		if (!matcher.find()) {
			throw new IllegalStateException("Redis doesn't tell its " + field);
		}
		return Double.parseDouble(matcher.group(1));
	}

}
