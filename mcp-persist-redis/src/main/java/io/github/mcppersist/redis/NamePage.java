package io.github.mcppersist.redis;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.StreamKey;

/**
 * Some of the names in an index of sessions or of tasks, the one that expires last in
 * front.
 *
 * @param names the names
 * @param next where the next page begins, or {@code null} if this is the last one
 */
record NamePage(List<String> names, @Nullable String next) {

	private static final Pattern CURSOR = Pattern.compile("([0-9]{1,15})\\.(.+)");

	/**
	 * Read a page.
	 * @param node the way to Redis
	 * @param index the key of the index
	 * @param cursor where the page before ended, or {@code null} for the first page
	 * @param size how many names at most
	 * @return the page; fails as {@link RedisNode#read} does
	 * @throws IllegalArgumentException if this is no cursor
	 */
	static Mono<NamePage> read(RedisNode node, String index, @Nullable String cursor, int size) {
		byte[] most = RedisNode.number(size);
		byte[][] arguments = (cursor != null) ? after(most, cursor) : new byte[][] { most };
		return node.read(LuaScript.LIST_NAMES, new byte[][] { RedisKeys.bytes(index) }, arguments).map((reply) -> {
			List<String> names = new ArrayList<>();
			for (int i = reply.size() - 2; i >= 0; i -= 2) {
				names.add(SessionFields.text(reply.get(i)));
			}
			return new NamePage(names, (names.size() == size)
					? SessionFields.text(reply.get(1)) + '.' + SessionFields.text(reply.get(0)) : null);
		});
	}

	private static byte[][] after(byte[] most, String cursor) {
		Matcher place = CURSOR.matcher(cursor);
		if (!place.matches() || !StreamKey.isSessionName(place.group(2))) {
			throw new IllegalArgumentException("Not a cursor of this store: '" + cursor + "'");
		}
		return new byte[][] { most, RedisKeys.bytes(place.group(1)), RedisKeys.bytes(place.group(2)) };
	}

}
