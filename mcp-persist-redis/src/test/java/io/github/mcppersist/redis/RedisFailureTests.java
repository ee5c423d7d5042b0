package io.github.mcppersist.redis;

import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.util.NoSuchElementException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for what {@link RedisFailure} makes of errors as Redis words them.
 */
class RedisFailureTests {

	@ParameterizedTest
	@ValueSource(strings = { "NOPERM this user has no permissions to run the 'subscribe' command",
			"ERR The user executing the script can't run this command or subcommand script: 7d8d, on @user_script:14.",
			"ERR The user executing the script can't access at least one of the keys mentioned in the command",
			"ERR The user executing the script can't publish to the channel mentioned in the command",
			"ERR unknown command 'EVALSHA', with args beginning with: '1795'",
			"ERR Error running script (call to f_7d8d): @user_script:14: @user_script: 14: Unknown Redis command called "
					+ "from Lua script" })
	void knowsAMissingRightHoweverAVersionWordsIt(String answer) {
		assertThat(kind(answer)).isEqualTo(RedisFailure.Kind.REFUSED);
	}

	@Test
	void saysThatTheDriverHasWaitedInVain() {
		RedisFailure failure = RedisFailure.of(
				new IllegalStateException("Connection lost", new SocketTimeoutException("Read timed out")),
				"localhost:6379");

		assertThat(failure.kind()).isEqualTo(RedisFailure.Kind.CONNECTION);
		assertThat(failure.message()).contains("localhost:6379 didn't answer within the driver's time limit");
		assertThat(failure.isLack()).isFalse();
	}

	@ParameterizedTest
	@ValueSource(strings = { "WRONGTYPE Operation against a key holding the wrong kind of value",
			"ERR Error running script (call to f_7d8d): @user_script:14: WRONGTYPE Operation against a key holding the "
					+ "wrong kind of value",
			"CROSSSLOT Keys in request don't hash to the same slot",
			"ERR string exceeds maximum allowed size (proto-max-bulk-len)" })
	void knowsWhatConcernsOneCall(String answer) {
		assertThat(kind(answer)).isEqualTo(RedisFailure.Kind.CALL_REFUSED);
	}

	@ParameterizedTest
	@ValueSource(strings = {
			"OOM command not allowed when used memory > 'maxmemory'. script: 7d8d, on @user_script:14.",
			"ERR Error running script (call to f_7d8d): @user_script:14: @user_script: 14: -OOM command not allowed when "
					+ "used memory > 'maxmemory'.",
			"ERR Error running script (call to f_7d8d): @user_script:14: @user_script: 14: -NOREPLICAS Not enough good "
					+ "replicas to write." })
	void knowsThatWritesAreRefusedHoweverAVersionWordsIt(String answer) {
		assertThat(kind(answer)).isEqualTo(RedisFailure.Kind.WRITES_REFUSED);
	}

	@ParameterizedTest
	@ValueSource(strings = { "WRONGTYPE Operation against a key holding the wrong kind of value",
			"WRONGTYPE Operation against a key holding the wrong kind of value script: 7d8d, on @user_script:27.",
			"ERR Error running script (call to f_7d8d): @user_script:27: WRONGTYPE Operation against a key holding the "
					+ "wrong kind of value" })
	void knowsAKeyOfSomebodyElseHoweverAVersionWordsIt(String answer) {
		RedisFailure failure = RedisFailure.of(new IllegalStateException(answer), "localhost:6379");

		assertThat(failure.isForeignKey()).isTrue();
		assertThat(RedisFailure.foreignKey(failure, "mcp:1:b", "localhost:6379").message()).contains("'mcp:1:b'",
				"localhost:6379", "Delete it", "key-prefix", "WRONGTYPE");
	}

	@Test
	void doesNotTakeForRefusedWhatNobodyKnows() {
		assertThat(kind("ERR upstream failure")).isEqualTo(RedisFailure.Kind.UNKNOWN);
		assertThat(RedisFailure.of(new IllegalStateException("ERR upstream failure"), "localhost:6379").isForeignKey())
			.isFalse();
		assertThat(kind("SOMETHING new")).isEqualTo(RedisFailure.Kind.UNKNOWN);
	}

	@Test
	void doesNotTakeTheNameOfACommandForAnErrorCode() {
		assertThat(kind("SUBSCRIBE. Command timed out after 100 millisecond(s)"))
			.isEqualTo(RedisFailure.Kind.CONNECTION);
	}

	@Test
	void takesOnlyWhatSaysSoForAWantOfConnections() {
		assertThat(isLack(new IllegalStateException("ERR max number of clients reached"))).isTrue();
		assertThat(isLack(new NoSuchElementException("Timeout waiting for idle object"))).isTrue();
		assertThat(isLack(new NoSuchElementException("Pool exhausted"))).isTrue();
		assertThat(isLack(new IllegalStateException("WRONGPASS invalid username-password pair"))).isTrue();

		assertThat(isLack(new ConnectException("Connection refused"))).isFalse();
		assertThat(isLack(new SocketTimeoutException("Connect timed out"))).isFalse();
		assertThat(isLack(new InterruptedException())).isFalse();
	}

	private static boolean isLack(Exception cause) {
		return RedisFailure
			.of(new IllegalStateException("Could not get a resource from the pool", cause), "localhost:6379")
			.isLack();
	}

	private static RedisFailure.Kind kind(String answer) {
		return RedisFailure.of(new IllegalStateException(answer), "localhost:6379").kind();
	}

}
