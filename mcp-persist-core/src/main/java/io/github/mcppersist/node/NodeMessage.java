package io.github.mcppersist.node;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

import org.jspecify.annotations.Nullable;

/**
 * What nodes tell each other: a kind, the session, resource or call that it is about, and
 * for some kinds a stream or a request of that session. Most of it can be found in the
 * stores as well, a little later. What can't is {@link Kind#CANCELLED}: a cancellation
 * that doesn't arrive is lost. Nor can {@link Kind#UNSAVED}, without which a client of
 * that session is told to begin anew, and not to come again, by a node that doesn't hold
 * it, and whether a node still runs a stream, which is asked again. Of changes that
 * clients are notified of nothing is stored either: one that can't be sent is kept until
 * it can.
 *
 * @param kind what happened
 * @param subject the name of the session or call, or the resource's URI
 * @param detail the stream ID or request ID, or nothing
 */
public record NodeMessage(Kind kind, String subject, String detail) {

	private static final int TAG_BYTES = 8;

	private static final int TAG_LENGTH = 2 * TAG_BYTES;

	/**
	 * The letter of a message that is encoded.
	 */
	private static final char ENCODED = '*';

	/**
	 * Write the message.
	 * @param server the name of the MCP server that it is for
	 * @return the kind's letter with the tag of the server, the detail and the subject,
	 * which alone may have spaces
	 */
	public String toText(String server) {
		return this.kind.letter + tag(server) + " " + this.detail + " " + this.subject;
	}

	/**
	 * Read a message.
	 * @param text what another node sent
	 * @param server the name of the MCP server of this endpoint
	 * @return the message, or {@code null} for one to another server, or of a kind that
	 * this version doesn't know
	 */
	public static @Nullable NodeMessage parse(String text, String server) {
		int detail = text.indexOf(' ');
		int subject = text.indexOf(' ', detail + 1);
		if (detail != 1 + TAG_LENGTH || subject < 0 || !text.startsWith(tag(server), 1)) {
			return null;
		}
		for (Kind kind : Kind.values()) {
			if (kind.letter == text.charAt(0)) {
				return new NodeMessage(kind, text.substring(subject + 1), text.substring(detail + 1, subject));
			}
		}
		return null;
	}

	/**
	 * Say of a message that was encoded which server it is for, so that others needn't
	 * try to decode it.
	 * @param encoded what {@link #toText} has written, encoded
	 * @param server the name of the MCP server that it is for
	 * @return the text to send; {@link #parse} doesn't know it
	 */
	public static String wrap(String encoded, String server) {
		return ENCODED + tag(server) + " " + encoded;
	}

	/**
	 * Return what is to be decoded before it is parsed.
	 * @param text what another node sent
	 * @param server the name of the MCP server of this endpoint
	 * @return what was {@linkplain #wrap wrapped}, or the text itself if it wasn't, or
	 * {@code null} for a message to another server
	 */
	public static @Nullable String unwrap(String text, String server) {
		if (!text.startsWith(tag(server), 1)) {
			return null;
		}
		return (text.charAt(0) == ENCODED && text.length() > 2 + TAG_LENGTH) ? text.substring(2 + TAG_LENGTH) : text;
	}

	// Names may be long and have spaces. Servers that share nodes must not take each
	// other's messages for theirs: one would end what the other runs
	private static String tag(String server) {
		try {
			byte[] hash = MessageDigest.getInstance("SHA-256").digest(server.getBytes(StandardCharsets.UTF_8));
			return HexFormat.of().formatHex(hash, 0, TAG_BYTES);
		}
		catch (NoSuchAlgorithmException ex) {
			throw new IllegalStateException(ex);
		}
	}

	/**
	 * What happened.
	 */
	public enum Kind {

		/**
		 * A session was deleted.
		 */
		DELETED('d'),

		/**
		 * The answer to a request of the node that receives this is in the session store.
		 */
		ANSWERED('a'),

		/**
		 * A stream that the node that receives this runs has a connection elsewhere.
		 */
		READ_ELSEWHERE('r'),

		/**
		 * A reader waits for a stream of the node that receives this: if that doesn't run
		 * it any more, nobody does. The detail is the stream and the node of the reader,
		 * with a colon in between.
		 */
		AWAITED('w'),

		/**
		 * The node that sends this doesn't run a stream that was awaited.
		 */
		DISOWNED('n'),

		/**
		 * A resource has a subscriber.
		 */
		SUBSCRIBED('s'),

		/**
		 * A session has begun that could not be stored yet.
		 */
		UNSAVED('u'),

		/**
		 * A stream that the node that sends this runs has lost events, and the store
		 * maybe all that it had of it, also who reads it. The detail is the stream.
		 */
		LOST('g'),

		/**
		 * A client has cancelled a request, which runs on whichever node. The detail is
		 * the JSON text of the request's ID in Base64, without padding.
		 */
		CANCELLED('c'),

		/**
		 * Nobody listens to a session any more on the node that sends this, and others
		 * may wait for that.
		 */
		UNHEARD('l'),

		/**
		 * Connections wait for one on the node that receives this: if there is none any
		 * more, that node says so ({@link #UNHEARD}). The detail is the node that asks.
		 */
		WAITING('h'),

		/**
		 * Clients on the node that sends this were notified; those that listen elsewhere
		 * are to be, too. The subject is the notification as JSON. The detail is nothing
		 * if two that are the same say no more than one, and what tells them apart if
		 * they do.
		 */
		NOTIFIED('b'),

		/**
		 * Clients that listened on the node that sends this are about to come back
		 * elsewhere, since it stops. The subject is the names of their sessions, with
		 * spaces in between.
		 */
		RETURNING('z'),

		/**
		 * A resource was updated: as {@link #NOTIFIED}, for those clients that are
		 * subscribed to it without a session.
		 */
		UPDATED('p'),

		/**
		 * Clients of the node that sends this are subscribed to resources without a
		 * session. The subject is their URIs as a JSON array.
		 */
		LISTENED('m'),

		/**
		 * The node in the detail wants to be told of all of that ({@link #LISTENED}).
		 */
		LISTENING('q'),

		/**
		 * A client has closed its request for a call, and nobody waits for it any more on
		 * the node that sends this. The subject is the name of the call.
		 */
		CALL_LEFT('e'),

		/**
		 * A client waits on the node that sends this for a call that was left
		 * ({@link #CALL_LEFT}). The subject is the name of the call.
		 */
		CALL_AWAITED('f'),

		/**
		 * A client of the node that sends this follows a call of the node that receives
		 * it: if that doesn't run it any more, nobody does, and it is to be ended. The
		 * subject is the name of the call.
		 */
		CALL_FOLLOWED('o');

		private final char letter;

		Kind(char letter) {
			this.letter = letter;
		}

	}

}
