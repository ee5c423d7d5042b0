package io.github.mcppersist.servlet;

import java.io.FilterWriter;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.util.List;

import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpServletResponseWrapper;
import org.jspecify.annotations.Nullable;

/**
 * A response that, once it is taken, lets filters change status and headers only.
 */
final class GuardedResponse extends HttpServletResponseWrapper {

	private volatile boolean taken;

	private @Nullable ServletOutputStream stream;

	private @Nullable PrintWriter writer;

	GuardedResponse(HttpServletResponse response) {
		super(response);
	}

	/**
	 * Ignore from now on what is done to the body.
	 */
	void take() {
		this.taken = true;
	}

	@Override
	public ServletOutputStream getOutputStream() throws IOException {
		if (this.stream == null) {
			this.stream = new Stream(super.getOutputStream());
		}
		return this.stream;
	}

	@Override
	public PrintWriter getWriter() throws IOException {
		if (this.writer == null) {
			this.writer = new PrintWriter(new Text(this.taken ? Writer.nullWriter() : super.getWriter()));
		}
		return this.writer;
	}

	@Override
	public void flushBuffer() throws IOException {
		if (!this.taken) {
			super.flushBuffer();
		}
	}

	@Override
	public void resetBuffer() {
		if (!this.taken) {
			super.resetBuffer();
		}
	}

	/**
	 * A container may forget its write listener with the rest.
	 */
	@Override
	public void reset() {
		if (this.taken) {
			setStatus(SC_OK);
			List.copyOf(getHeaderNames()).forEach((name) -> setHeader(name, null));
		}
		else {
			super.reset();
		}
	}

	private final class Stream extends ServletOutputStream {

		private final ServletOutputStream out;

		Stream(ServletOutputStream out) {
			this.out = out;
		}

		@Override
		public boolean isReady() {
			return GuardedResponse.this.taken || this.out.isReady();
		}

		@Override
		public void setWriteListener(WriteListener listener) {
			if (!GuardedResponse.this.taken) {
				this.out.setWriteListener(listener);
			}
		}

		@Override
		public void write(int value) throws IOException {
			if (!GuardedResponse.this.taken) {
				this.out.write(value);
			}
		}

		@Override
		public void write(byte[] bytes, int from, int length) throws IOException {
			if (!GuardedResponse.this.taken) {
				this.out.write(bytes, from, length);
			}
		}

		@Override
		public void flush() throws IOException {
			if (!GuardedResponse.this.taken) {
				this.out.flush();
			}
		}

		@Override
		public void close() throws IOException {
			if (!GuardedResponse.this.taken) {
				this.out.close();
			}
		}

	}

	private final class Text extends FilterWriter {

		Text(Writer out) {
			super(out);
		}

		@Override
		public void write(int value) throws IOException {
			if (!GuardedResponse.this.taken) {
				super.write(value);
			}
		}

		@Override
		public void write(char[] text, int from, int length) throws IOException {
			if (!GuardedResponse.this.taken) {
				super.write(text, from, length);
			}
		}

		@Override
		public void write(String text, int from, int length) throws IOException {
			if (!GuardedResponse.this.taken) {
				super.write(text, from, length);
			}
		}

		@Override
		public void flush() throws IOException {
			if (!GuardedResponse.this.taken) {
				super.flush();
			}
		}

		@Override
		public void close() throws IOException {
			if (!GuardedResponse.this.taken) {
				super.close();
			}
		}

	}

}
