package io.github.mcppersist.modern;

import java.nio.charset.StandardCharsets;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;

/**
 * A client, and what it has received.
 */
final class RecordingReply implements ModernReply {

	int answers;

	int status;

	@Nullable String contentType;

	@Nullable String contentLength;

	final StringBuilder body = new StringBuilder();

	boolean ended;

	private @Nullable Subscription subscription;

	@Override
	public void send(int status, Map<String, String> headers, byte[] body) {
		this.answers++;
		this.status = status;
		this.contentType = headers.get("Content-Type");
		this.body.append(new String(body, StandardCharsets.UTF_8));
		this.ended = true;
	}

	@Override
	public void stream(Map<String, String> headers, Publisher<byte[]> chunks) {
		this.answers++;
		this.status = 200;
		this.contentType = headers.get("Content-Type");
		this.contentLength = headers.get("Content-Length");
		chunks.subscribe(new Subscriber<>() {

			@Override
			public void onSubscribe(Subscription subscription) {
				RecordingReply.this.subscription = subscription;
			}

			@Override
			public void onNext(byte[] chunk) {
				RecordingReply.this.body.append(new String(chunk, StandardCharsets.UTF_8));
			}

			@Override
			public void onError(Throwable ex) {
				throw new AssertionError(ex);
			}

			@Override
			public void onComplete() {
				RecordingReply.this.ended = true;
			}

		});
	}

	/**
	 * Read as much as there is.
	 */
	void read() {
		read(Long.MAX_VALUE);
	}

	/**
	 * Read so much of what there is.
	 * @param chunks how many times as much as is sent at once
	 */
	void read(long chunks) {
		if (this.subscription != null) {
			this.subscription.request(chunks);
		}
	}

	/**
	 * Close the connection.
	 */
	void close() {
		if (this.subscription != null) {
			this.subscription.cancel();
		}
	}

}
