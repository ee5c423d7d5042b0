package io.github.mcppersist.event;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * What a stream answers: a request, or the requests of a batch. It is stored with the
 * stream, so that whoever finds that nobody answers can do so.
 *
 * @param all the IDs of the requests, at least one
 * @param batch whether they came as a batch, which may have one request only
 */
public record RequestIds(List<RequestId> all, boolean batch) {

	public RequestIds {
		all = List.copyOf(all);
		if (all.isEmpty() || (all.size() > 1 && !batch)) {
			throw new IllegalArgumentException(
					"A stream answers one request or those of a batch, and not " + all.size() + " without a batch");
		}
	}

	/**
	 * Return that a stream answers a request.
	 * @param id the ID of the request
	 * @return what the stream answers
	 */
	public static RequestIds of(RequestId id) {
		return new RequestIds(List.of(id), false);
	}

	/**
	 * Return that a stream answers the requests of a batch.
	 * @param ids the IDs of the requests, at least one
	 * @return what the stream answers
	 */
	public static RequestIds ofBatch(List<RequestId> ids) {
		return new RequestIds(ids, true);
	}

	/**
	 * Read what {@link #toString()} has written.
	 * @param json the JSON text of an ID, or of an array of IDs without spaces
	 * @return what the stream answers
	 * @throws IllegalArgumentException if {@code json} is neither
	 */
	public static RequestIds parse(String json) {
		if (!json.startsWith("[")) {
			return of(new RequestId(json));
		}
		List<RequestId> ids = new ArrayList<>();
		boolean quoted = false;
		int start = 1;
		for (int i = 1; i < json.length(); i++) {
			char c = json.charAt(i);
			if (quoted && c == '\\') {
				i++;
			}
			else if (c == '"') {
				quoted = !quoted;
			}
			else if (!quoted && (c == ',' || c == ']')) {
				ids.add(new RequestId(json.substring(start, i)));
				start = i + 1;
			}
		}
		if (start != json.length() || !json.endsWith("]")) {
			throw new IllegalArgumentException("Not the IDs of a batch: the array has no end, or goes on after it");
		}
		return ofBatch(ids);
	}

	/**
	 * Return the JSON text of the ID, or of the array of the IDs of a batch.
	 */
	@Override
	public String toString() {
		return this.batch ? this.all.stream().map(RequestId::json).collect(Collectors.joining(",", "[", "]"))
				: this.all.get(0).json();
	}

}
