package io.github.mcppersist.servlet;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;

import ch.qos.logback.classic.Level;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.junit.jupiter.api.Test;
import org.springframework.http.server.observation.ServerRequestObservationContext;
import org.springframework.security.web.header.HeaderWriterFilter;
import org.springframework.security.web.header.writers.ContentSecurityPolicyHeaderWriter;
import org.springframework.security.web.header.writers.frameoptions.XFrameOptionsHeaderWriter;
import org.springframework.session.MapSessionRepository;
import org.springframework.session.web.http.SessionRepositoryFilter;
import org.springframework.web.cors.CorsConfiguration;
import org.springframework.web.cors.UrlBasedCorsConfigurationSource;
import org.springframework.web.filter.CharacterEncodingFilter;
import org.springframework.web.filter.CorsFilter;
import org.springframework.web.filter.ForwardedHeaderFilter;
import org.springframework.web.filter.OncePerRequestFilter;
import org.springframework.web.filter.RelativeRedirectFilter;
import org.springframework.web.filter.ServerHttpObservationFilter;
import org.springframework.web.filter.ShallowEtagHeaderFilter;
import org.springframework.web.util.ContentCachingRequestWrapper;
import org.springframework.web.util.ContentCachingResponseWrapper;

import io.github.mcppersist.test.servlet.AbstractFilteredServletTests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Spring's own filters: their headers arrive, and no body is lost in them.
 */
abstract class AbstractSpringFilterTests extends AbstractFilteredServletTests {

	@Test
	void answersPastTheFilterForShallowEtags() throws Exception {
		assertServed(new ShallowEtagHeaderFilter());
	}

	@Test
	void answersPastACacheThatIsCopiedInAnyCase() throws Exception {
		assertServed(new Caching(true));
	}

	@Test
	void answersPastACacheThatIsCopiedUnlessAsynchronous() throws Exception {
		assertServed(new Caching(false));

		assertThat(logged(Level.INFO)).singleElement()
			.satisfies((message) -> assertThat(message).contains(ContentCachingResponseWrapper.class.getName()));
	}

	@Test
	void sendsTheHeadersOfSpringSecurity() throws Exception {
		XFrameOptionsHeaderWriter frames = new XFrameOptionsHeaderWriter(
				XFrameOptionsHeaderWriter.XFrameOptionsMode.DENY);
		HeaderWriterFilter security = new HeaderWriterFilter(
				List.of(frames, new ContentSecurityPolicyHeaderWriter("default-src 'none'")));

		assertThat(assertServed(security).header("Content-Security-Policy")).isEqualTo("default-src 'none'");
		assertThat(logged(Level.INFO)).isEmpty();
	}

	@Test
	void sendsTheCookieOfSpringSession() throws Exception {
		Filter session = new SessionRepositoryFilter<>(new MapSessionRepository(new ConcurrentHashMap<>()));
		Filter login = (request, response, chain) -> {
			((HttpServletRequest) request).getSession();
			chain.doFilter(request, response);
		};

		assertThat(assertServed(behind(session, login)).header("Set-Cookie")).startsWith("SESSION=");
		assertThat(logged(Level.INFO)).isEmpty();
	}

	@Test
	void sendsTheHeadersForOtherOrigins() throws Exception {
		CorsConfiguration configuration = new CorsConfiguration();
		configuration.addAllowedOrigin("http://localhost");
		configuration.setExposedHeaders(List.of("Mcp-Session-Id"));
		UrlBasedCorsConfigurationSource source = new UrlBasedCorsConfigurationSource();
		source.registerCorsConfiguration("/**", configuration);

		assertThat(assertServed(new CorsFilter(source)).header("Vary")).isNotNull();
	}

	@Test
	void answersBehindTheFiltersThatBootAdds() throws Exception {
		Filter filters = behind(new CharacterEncodingFilter("UTF-8", true),
				behind(new ForwardedHeaderFilter(), new RelativeRedirectFilter()));

		assertThat(assertServed(filters).header("Content-Type"))
			.isEqualToIgnoringCase("text/event-stream;charset=UTF-8");
	}

	@Test
	void requestsAreObservedUntilTheyAreAnswered() throws Exception {
		List<Integer> statuses = new ArrayList<>();
		ObservationRegistry registry = ObservationRegistry.create();
		registry.observationConfig().observationHandler(new ObservationHandler<ServerRequestObservationContext>() {

			@Override
			public synchronized void onStop(ServerRequestObservationContext context) {
				statuses.add(context.getResponse().getStatus());
			}

			@Override
			public boolean supportsContext(Observation.Context context) {
				return context instanceof ServerRequestObservationContext;
			}

		});

		assertServed(new ServerHttpObservationFilter(registry));

		await().untilAsserted(() -> assertThat(List.copyOf(statuses))
			// Each is over in its own time
			.containsExactlyInAnyOrder(200, 202, 200, 200));
	}

	private static Filter behind(Filter first, Filter second) {
		return (request, response, chain) -> first.doFilter(request, response,
				(nextRequest, nextResponse) -> second.doFilter(nextRequest, nextResponse, chain));
	}

	/**
	 * As many applications log what goes in and out.
	 */
	private static final class Caching extends OncePerRequestFilter {

		private final boolean always;

		Caching(boolean always) {
			this.always = always;
		}

		@Override
		protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
				throws ServletException, IOException {
			ContentCachingResponseWrapper cache = new ContentCachingResponseWrapper(response);
			try {
				chain.doFilter(new ContentCachingRequestWrapper(request, 1024), cache);
			}
			finally {
				if (this.always || !request.isAsyncStarted()) {
					cache.copyBodyToResponse();
				}
			}
		}

	}

}
