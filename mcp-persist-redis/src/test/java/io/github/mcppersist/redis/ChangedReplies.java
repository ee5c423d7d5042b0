package io.github.mcppersist.redis;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;

import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.RedisScriptingCommands;

/**
 * Comes between a driver and what it answers to a script, to do something just then. The
 * node takes it for a driver that blocks, and makes its calls on threads of its own.
 */
final class ChangedReplies {

	private ChangedReplies() {
	}

	/**
	 * Change what a script replies when it is called by its digest.
	 * @param factory the application's factory, which isn't closed by closing this
	 * @param script the script
	 * @param change is given each reply, on the thread that reads it
	 * @return the factory for the node
	 */
	@SuppressWarnings("unchecked")
	static RedisConnectionFactory of(RedisConnectionFactory factory, LuaScript script,
			UnaryOperator<List<Object>> change) {
		return answers(RedisConnectionFactory.class, factory, "getConnection",
				(connection, unused) -> answers(RedisConnection.class, connection, "scriptingCommands",
						(scripts, none) -> answers(RedisScriptingCommands.class, scripts, "evalSha",
								(reply, call) -> script.digest().equals(call[0]) ? change.apply((List<Object>) reply)
										: reply)));
	}

	private static <T> T answers(Class<T> type, Object target, String method,
			BiFunction<Object, Object[], Object> change) {
		return type
			.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] { type }, (proxy, called, arguments) -> {
				try {
					Object result = called.invoke(target, arguments);
					return (called.getName().equals(method) && result != null) ? change.apply(result, arguments)
							: result;
				}
				catch (InvocationTargetException ex) {
					throw ex.getCause();
				}
			}));
	}

}
