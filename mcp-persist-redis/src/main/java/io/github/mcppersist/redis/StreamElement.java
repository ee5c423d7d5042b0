package io.github.mcppersist.redis;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventId;

/**
 * An event as an element of its stream's list: the tag of its ID, then its message.
 */
final class StreamElement {

	private StreamElement() {
	}

	static byte[] of(Event event) {
		byte[] message = event.message();
		byte[] element = new byte[EventId.TAG_LENGTH + message.length];
		writeTag(event.id(), element);
		System.arraycopy(message, 0, element, EventId.TAG_LENGTH, message.length);
		return element;
	}

	static Event parse(String streamId, long sequence, byte[] element) {
		String tag = new String(element, 0, EventId.TAG_LENGTH, StandardCharsets.ISO_8859_1);
		return new Event(new EventId(streamId, sequence, tag),
				Arrays.copyOfRange(element, EventId.TAG_LENGTH, element.length));
	}

	/**
	 * Say whether an element is that of an event with this ID. The tag proves it.
	 * @param id the event ID
	 * @param element the element at the event's place
	 * @return whether the tags are the same
	 */
	static boolean isOf(EventId id, byte[] element) {
		if (element.length < EventId.TAG_LENGTH) {
			return false;
		}
		for (int i = 0; i < EventId.TAG_LENGTH; i++) {
			if (element[i] != id.tag().charAt(i)) {
				return false;
			}
		}
		return true;
	}

	private static void writeTag(EventId id, byte[] element) {
		for (int i = 0; i < EventId.TAG_LENGTH; i++) {
			element[i] = (byte) id.tag().charAt(i);
		}
	}

}
