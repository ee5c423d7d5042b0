package io.github.mcppersist.servlet;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPOutputStream;

import ch.qos.logback.classic.Level;
import io.modelcontextprotocol.common.McpTransportContext;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.Filter;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpServletResponseWrapper;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import io.github.mcppersist.observe.EndpointStatistics;
import io.github.mcppersist.test.servlet.AbstractFilteredServletTests;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Filters that replace the response, or do to it what they like after the chain.
 */
abstract class AbstractFilterTests extends AbstractFilteredServletTests {

	private Duration maxWait = Duration.ofMinutes(1);

	@Override
	protected StreamableHttpServlet servlet() {
		return new StreamableHttpServlet(this.endpoint, (request) -> McpTransportContext.EMPTY, this.maxWait);
	}

	@Test
	void answersPastABufferThatIsCopiedAfterTheChain() throws Exception {
		assertServed((request, response, chain) -> {
			Buffer buffer = new Buffer(response, true);
			chain.doFilter(request, buffer);
			buffer.copy();
		});
	}

	@Test
	void answersPastABufferThatIsAlwaysReady() throws Exception {
		assertServed((request, response, chain) -> {
			Buffer buffer = new Buffer(response, false);
			chain.doFilter(request, buffer);
			if (!request.isAsyncStarted()) {
				buffer.copy();
			}
		});
	}

	@Test
	void answersPastAWrapperWithoutAStream() throws Exception {
		assertServed((request, response, chain) -> chain.doFilter(request,
				new HttpServletResponseWrapper((HttpServletResponse) response) {

					@Override
					public @Nullable ServletOutputStream getOutputStream() {
						return null;
					}

				}));
	}

	@Test
	void answersPastAWrapperWhoseStreamFails() throws Exception {
		assertServed((request, response, chain) -> chain.doFilter(request,
				new HttpServletResponseWrapper((HttpServletResponse) response) {

					@Override
					public ServletOutputStream getOutputStream() {
						throw new IllegalStateException("there is a writer");
					}

				}));
	}

	@Test
	void answersPastAWrapperThatIsNoneByItsType() throws Exception {
		assertServed((request, response, chain) -> chain.doFilter(request, proxy(response)));
	}

	@Test
	void answersPastTheWrapperThatARequestBeginsAsynchronousModeWith() throws Exception {
		assertServed((request, response, chain) -> {
			Buffer buffer = new Buffer(response, false);
			chain.doFilter(new HttpServletRequestWrapper((HttpServletRequest) request) {

				@Override
				public AsyncContext startAsync() {
					return startAsync(this, buffer);
				}

			}, buffer);
		});
	}

	@Test
	void answersARequestThatDeniesToBeAsynchronous() throws Exception {
		assertServed((request, response, chain) -> chain
			.doFilter(new HttpServletRequestWrapper((HttpServletRequest) request) {

				@Override
				public boolean isAsyncSupported() {
					return false;
				}

			}, response));
	}

	@Test
	void answersAlthoughAFilterHasSetALength() throws Exception {
		assertServed((request, response, chain) -> {
			Buffer buffer = new Buffer(response, true);
			chain.doFilter(request, buffer);
			response.setContentLength(buffer.content.size());
		});
	}

	@Test
	void answersAlthoughAFilterHasSaidHowTheBodyIsCoded() throws Exception {
		assertServed((request, response, chain) -> {
			((HttpServletResponse) response).setHeader("Content-Encoding", "gzip");
			((HttpServletResponse) response).setHeader("ETag", "\"1\"");
			chain.doFilter(request, new Gzip(response));
		});
	}

	@Test
	void answersAlthoughAFilterHasWrittenBefore() throws Exception {
		assertServed((request, response, chain) -> {
			Gzip gzip = new Gzip(response);
			gzip.open();
			chain.doFilter(request, gzip);
		});
	}

	@Test
	void answersAlthoughAFilterHasTheWriter() throws Exception {
		assertServed((request, response, chain) -> {
			response.getWriter().write("lost");
			chain.doFilter(request, response);
		});
	}

	@ParameterizedTest
	@EnumSource
	void answersWhateverAFilterBehindTheGuardDoesAfterTheChain(Afterwards afterwards) throws Exception {
		this.guarded = true;

		assertServed((request, response, chain) -> {
			chain.doFilter(request, response);
			afterwards.action.accept((HttpServletResponse) response);
		});
	}

	@Test
	void answersPastACompressingWrapperBehindTheGuard() throws Exception {
		this.guarded = true;

		assertServed((request, response, chain) -> {
			Gzip gzip = new Gzip(response);
			gzip.open();
			chain.doFilter(request, gzip);
			gzip.close();
		});
	}

	@Test
	void answersAlthoughAFilterBehindTheGuardHasTheWriter() throws Exception {
		this.guarded = true;

		assertServed((request, response, chain) -> {
			PrintWriter writer = response.getWriter();
			writer.write("lost");
			chain.doFilter(request, response);
			writer.write("lost");
			writer.close();
		});
	}

	@Test
	void theGuardLeavesOtherResponsesAlone() throws Exception {
		this.guarded = true;
		start((request, response, chain) -> {
			response.setContentType("text/plain");
			response.getWriter().print("own");
			response.flushBuffer();
		}, true);

		try (Exchange exchange = client().send("GET", Map.of("Host", "localhost"), null)) {
			assertThat(exchange.body()).isEqualTo("own");
		}
	}

	@Test
	void aFilterThatThrowsAfterTheChainLeavesNothingBehind() throws Exception {
		assertEnded((request, response, chain) -> {
			chain.doFilter(request, response);
			throw new ServletException("thrown by a test");
		}, 500);

		assertThat(logged(Level.WARN)).isEmpty();
		try (Exchange exchange = client().header("X-Bad", "yes").get(null)) {
			assertThat(exchange.header("Cache-Control")).isEqualTo("no-store");
		}
	}

	@Test
	void aFilterThatRefusesAfterTheChainLeavesNothingBehind() throws Exception {
		assertEnded((request, response, chain) -> {
			chain.doFilter(request, response);
			((HttpServletResponse) response).sendError(403);
		}, 403);

		assertThat(logged(Level.WARN)).isNotEmpty();
	}

	@Test
	void whatAFilterSendsInsteadIsNotCached() throws Exception {
		start(bad((request, response, chain) -> {
			chain.doFilter(request, response);
			response.getOutputStream().close();
		}), true);
		RawMcpClient client = client().initialize().header("X-Bad", "yes");

		try (Exchange exchange = client.get(null)) {
			assertThat(exchange.status()).isEqualTo(200);
			assertThat(exchange.header("Cache-Control")).isEqualTo("no-store");
		}
	}

	@Test
	void aFilterThatSendsTheResponseIsNamed() throws Exception {
		assertEnded((request, response, chain) -> {
			chain.doFilter(request, new Gzip(response));
			response.flushBuffer();
		}, 200);

		assertThat(logged(Level.WARN)).hasSize(2)
			.allSatisfy((message) -> assertThat(message).contains(Gzip.class.getName(), "isAsyncStarted()"));
	}

	@Test
	void aFilterThatSendsTheResponseBeforeTheEndpointIsCalledIsRefused() throws Exception {
		assertEnded((request, response, chain) -> {
			response.flushBuffer();
			chain.doFilter(request, response);
		}, 200);

		assertThat(this.endpoint.statistics().runningRequests()).isZero();
	}

	@Test
	void aFilterThatCompletesTheRequestLeavesNothingBehind() throws Exception {
		assertEnded((request, response, chain) -> {
			chain.doFilter(request, new Gzip(response));
			request.getAsyncContext().complete();
		}, 200);

		assertThat(logged(Level.WARN)).hasSize(2)
			.allSatisfy((message) -> assertThat(message).contains(Gzip.class.getName()));
	}

	@Test
	void aFilterThatDispatchesTheRequestAgainLeavesNothingBehind() throws Exception {
		assertEnded((request, response, chain) -> {
			chain.doFilter(request, response);
			request.getAsyncContext().dispatch();
		}, 500);
	}

	@Test
	void aFilterThatSetsATimeoutLeavesNothingBehind() throws Exception {
		assertEnded((request, response, chain) -> {
			chain.doFilter(request, response);
			if (((HttpServletRequest) request).getMethod().equals("GET")) {
				request.getAsyncContext().setTimeout(10);
			}
			else {
				throw new ServletException("thrown by a test");
			}
		}, 0);
	}

	@Test
	void aFilterThatDoesNotReturnIsGivenUp() throws Exception {
		// Initializing must not take as long
		this.maxWait = Duration.ofSeconds(3);
		CountDownLatch gate = new CountDownLatch(1);
		start(bad((request, response, chain) -> {
			chain.doFilter(request, new Gzip(response));
			try {
				gate.await(60, TimeUnit.SECONDS);
			}
			catch (InterruptedException ex) {
				throw new ServletException(ex);
			}
		}), true);
		RawMcpClient client = client().initialize().header("X-Bad", "yes");
		CompletableFuture<Integer> status = CompletableFuture.supplyAsync(() -> status(() -> client.get(null)));

		await().untilAsserted(() -> assertThat(logged(Level.WARN)).singleElement()
			.satisfies((message) -> assertThat(message).contains(Gzip.class.getName(), "does not return")));
		await().untilAsserted(() -> assertThat(this.endpoint.statistics().sessions()).isZero());
		gate.countDown();
		assertThat(status.get(60, TimeUnit.SECONDS)).isEqualTo(500);
	}

	@Test
	void refusesARequestOfAFilterThatIsNotAsynchronous() throws Exception {
		start((request, response, chain) -> chain.doFilter(request, response), false);

		try (Exchange exchange = client().send("POST", client().postHeaders(), "{}")) {
			assertThat(exchange.status()).isEqualTo(500);
			assertThat(exchange.body()).contains("asyncSupported");
		}
	}

	@Test
	void tellsOnceOfEachWrapperThatItWritesPast() throws Exception {
		assertServed((request, response, chain) -> chain.doFilter(request,
				new Buffer(new HttpServletResponseWrapper((HttpServletResponse) response), true)));

		assertThat(logged(Level.INFO)).singleElement()
			.satisfies((message) -> assertThat(message).contains(Buffer.class.getName()));
	}

	/**
	 * Have a filter end a GET and a call, and look what stays behind.
	 */
	private void assertEnded(Filter filter, int status) throws Exception {
		start(bad(filter), true);
		RawMcpClient client = client().initialize().header("X-Bad", "yes");

		int getStatus = status(() -> client.get(null));
		int callStatus = status(() -> client.call(1, "count", "{\"n\":3}"));

		if (status != 0) {
			assertThat(getStatus).isEqualTo(status);
			assertThat(callStatus).isEqualTo(status);
		}
		await().untilAsserted(() -> {
			EndpointStatistics statistics = this.endpoint.statistics();
			assertThat(statistics.connections().values()).containsOnly(0);
			assertThat(statistics.sessions()).isZero();
		});
	}

	private static Filter bad(Filter filter) {
		return (request, response, chain) -> {
			if (((HttpServletRequest) request).getHeader("X-Bad") != null) {
				filter.doFilter(request, response, chain);
			}
			else {
				chain.doFilter(request, response);
			}
		};
	}

	private static int status(Callable<Exchange> request) {
		try (Exchange exchange = request.call()) {
			int status = exchange.status();
			try {
				exchange.body();
			}
			catch (EOFException ex) {
				// A container may cut a response that it can't end
			}
			return status;
		}
		catch (Exception ex) {
			throw new IllegalStateException(ex);
		}
	}

	private static ServletResponse proxy(ServletResponse response) {
		return (ServletResponse) Proxy.newProxyInstance(AbstractFilterTests.class.getClassLoader(),
				new Class<?>[] { HttpServletResponse.class }, (proxy, method, arguments) -> {
					if (method.getName().equals("getOutputStream")) {
						return new Target(new ByteArrayOutputStream(), null);
					}
					try {
						return method.invoke(response, arguments);
					}
					catch (InvocationTargetException ex) {
						throw ex.getCause();
					}
				});
	}

	/**
	 * What filters do to a response after the chain.
	 */
	enum Afterwards {

		COPIES_NOTHING((response) -> {
			response.setContentLength(0);
			response.getOutputStream().write(new byte[0]);
			response.getOutputStream().flush();
		}),

		WRITES((response) -> response.getOutputStream().write(65)),

		FLUSHES((response) -> response.flushBuffer()),

		CLOSES((response) -> response.getOutputStream().close()),

		RESETS((response) -> response.reset()),

		RESETS_THE_BUFFER((response) -> response.resetBuffer()),

		TAKES_THE_WRITER((response) -> {
			response.getWriter().write("lost");
			response.getWriter().flush();
		});

		private final Action action;

		Afterwards(Action action) {
			this.action = action;
		}

	}

	private interface Action {

		void accept(HttpServletResponse response) throws IOException;

	}

	private static class Buffer extends HttpServletResponseWrapper {

		private final ByteArrayOutputStream content = new ByteArrayOutputStream();

		private final boolean asynchronous;

		Buffer(ServletResponse response, boolean asynchronous) {
			super((HttpServletResponse) response);
			this.asynchronous = asynchronous;
		}

		@Override
		public ServletOutputStream getOutputStream() throws IOException {
			return new Target(this.content, this.asynchronous ? getResponse().getOutputStream() : null);
		}

		void copy() throws IOException {
			if (this.content.size() > 0) {
				getResponse().setContentLength(this.content.size());
				getResponse().getOutputStream().write(this.content.toByteArray());
			}
		}

	}

	private static final class Gzip extends HttpServletResponseWrapper {

		private @Nullable GZIPOutputStream out;

		Gzip(ServletResponse response) {
			super((HttpServletResponse) response);
		}

		void open() throws IOException {
			this.out = new GZIPOutputStream(getResponse().getOutputStream());
		}

		void close() throws IOException {
			Objects.requireNonNull(this.out).close();
		}

		@Override
		public ServletOutputStream getOutputStream() throws IOException {
			if (this.out == null) {
				open();
			}
			return new Target(this.out, getResponse().getOutputStream());
		}

	}

	private static final class Target extends ServletOutputStream {

		private final OutputStream out;

		private final @Nullable ServletOutputStream real;

		Target(OutputStream out, @Nullable ServletOutputStream real) {
			this.out = out;
			this.real = real;
		}

		@Override
		public boolean isReady() {
			return this.real == null || this.real.isReady();
		}

		@Override
		public void setWriteListener(WriteListener listener) {
			if (this.real != null) {
				this.real.setWriteListener(listener);
			}
		}

		@Override
		public void write(int b) throws IOException {
			this.out.write(b);
		}

		@Override
		public void write(byte[] bytes, int from, int length) throws IOException {
			this.out.write(bytes, from, length);
		}

		@Override
		public void flush() throws IOException {
			this.out.flush();
		}

	}

}
