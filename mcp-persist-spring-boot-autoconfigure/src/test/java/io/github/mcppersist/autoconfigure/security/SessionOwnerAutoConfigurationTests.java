package io.github.mcppersist.autoconfigure.security;

import java.security.Principal;
import java.time.Instant;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.security.authentication.AnonymousAuthenticationToken;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.GrantedAuthority;
import org.springframework.security.core.authority.AuthorityUtils;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.oauth2.core.DefaultOAuth2AuthenticatedPrincipal;
import org.springframework.security.oauth2.core.OAuth2AccessToken;
import org.springframework.security.oauth2.core.OAuth2AuthenticatedPrincipal;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.server.resource.authentication.BearerTokenAuthentication;
import org.springframework.security.oauth2.server.resource.authentication.JwtAuthenticationToken;

import io.github.mcppersist.transport.SessionOwnerResolver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

/**
 * Who owns a session under Spring Security, with its OAuth2 support and without.
 */
class SessionOwnerAutoConfigurationTests {

	private static final List<GrantedAuthority> AUTHORITIES = AuthorityUtils.createAuthorityList("tester");

	private static final String ISSUER = "https://idp.example.com";

	private final ApplicationContextRunner context = new ApplicationContextRunner().withConfiguration(
			AutoConfigurations.of(AuthenticationOwnerAutoConfiguration.class, TokenOwnerAutoConfiguration.class));

	private final SessionOwnerResolver tokens = new TokenOwnerResolver();

	private final SessionOwnerResolver authentications = new AuthenticationOwnerResolver();

	private static Jwt jwt(Map<String, Object> claims) {
		return Jwt.withTokenValue(claims.toString()).header("alg", "none").claims((all) -> all.putAll(claims)).build();
	}

	private static Authentication opaque(Map<String, Object> attributes) {
		return new BearerTokenAuthentication(new DefaultOAuth2AuthenticatedPrincipal(attributes, AUTHORITIES),
				new OAuth2AccessToken(OAuth2AccessToken.TokenType.BEARER, "token", Instant.now(),
						Instant.now().plusSeconds(60)),
				AUTHORITIES);
	}

	private static Authentication user(Object principal) {
		return new UsernamePasswordAuthenticationToken(principal, null, AUTHORITIES);
	}

	private static Authentication anonymous() {
		return new AnonymousAuthenticationToken("key", "anonymousUser", AUTHORITIES);
	}

	@Test
	void goesByTokensWhereTheyAreSupported() {
		this.context.run((context) -> assertThat(context).getBean(SessionOwnerResolver.class)
			.isExactlyInstanceOf(TokenOwnerResolver.class));
	}

	@Test
	void goesByNamesWithoutOAuth2() {
		this.context.withClassLoader(new FilteredClassLoader(OAuth2AuthenticatedPrincipal.class.getPackageName()))
			.run((context) -> assertThat(context).getBean(SessionOwnerResolver.class)
				.isExactlyInstanceOf(AuthenticationOwnerResolver.class));
	}

	@Test
	void isNotThereWithoutSpringSecurityOrWhenDisabled() {
		this.context.withClassLoader(new FilteredClassLoader("org.springframework.security"))
			.run((context) -> assertThat(context).doesNotHaveBean(SessionOwnerResolver.class));
		this.context.withPropertyValues("mcp.persist.enabled=false")
			.run((context) -> assertThat(context).doesNotHaveBean(SessionOwnerResolver.class));
	}

	@Test
	void givesWayToTheApplicationsOwn() {
		SessionOwnerResolver own = (principal) -> null;

		this.context.withBean(SessionOwnerResolver.class, () -> own)
			.run((context) -> assertThat(context).getBean(SessionOwnerResolver.class).isSameAs(own));
	}

	@Test
	void tellsEqualNamesOfTwoIssuersApart() {
		Map<String, Object> claims = Map.of("iss", ISSUER, "sub", "alice");
		Map<String, Object> others = Map.of("iss", "https://other.example.com", "sub", "alice");

		assertThat(this.tokens.resolveOwner(new JwtAuthenticationToken(jwt(claims), AUTHORITIES)))
			.isEqualTo(this.tokens.resolveOwner(opaque(claims)))
			.isEqualTo(ISSUER + " sub alice");
		assertThat(this.tokens.resolveOwner(new JwtAuthenticationToken(jwt(others), AUTHORITIES)))
			.isEqualTo(this.tokens.resolveOwner(opaque(others)))
			.isEqualTo("https://other.example.com sub alice");
	}

	@Test
	void staysTheSameWhenATokenIsRefreshed() {
		Map<String, Object> refreshed = Map.of("iss", ISSUER, "sub", "alice", "jti", "2", "preferred_username", "al");

		assertThat(this.tokens.resolveOwner(new JwtAuthenticationToken(jwt(refreshed), AUTHORITIES, "al")))
			.isEqualTo(ISSUER + " sub alice");
	}

	@Test
	void aTokenWithoutASubjectIsNotNobody() {
		assertThat(this.tokens.resolveOwner(new JwtAuthenticationToken(jwt(Map.of("iss", ISSUER, "client_id", "c")))))
			.isEqualTo(this.tokens.resolveOwner(opaque(Map.of("iss", ISSUER, "client_id", "c"))))
			.isEqualTo(ISSUER + " client_id c");
		assertThat(this.tokens.resolveOwner(new JwtAuthenticationToken(jwt(Map.of("iss", ISSUER, "azp", "c")))))
			.isEqualTo(ISSUER + " azp c");
		assertThat(this.tokens.resolveOwner(
				new JwtAuthenticationToken(jwt(Map.of("iss", ISSUER, "upn", "al", "azp", "c")), AUTHORITIES, "al")))
			.isEqualTo(ISSUER + " name al");
		for (Authentication nameless : List.of(new JwtAuthenticationToken(jwt(Map.of("iss", ISSUER, "sub", ""))),
				opaque(Map.of("iss", ISSUER)))) {
			assertThatIllegalStateException().isThrownBy(() -> this.tokens.resolveOwner(nameless))
				.withMessageContaining("no sub, client_id or azp")
				.withMessageContaining("SessionOwnerResolver");
		}
	}

	@Test
	void goesByTheTokenOfAnotherPrincipalUnlessThatHasAnotherName() {
		Jwt jwt = jwt(Map.of("iss", ISSUER, "sub", "alice"));

		assertThat(this.tokens.resolveOwner(
				new UsernamePasswordAuthenticationToken(User.withUsername("alice").password("").build(), jwt)))
			.isEqualTo(ISSUER + " sub alice");
		assertThat(this.tokens.resolveOwner(
				new UsernamePasswordAuthenticationToken(User.withUsername("tenant-7").password("").build(), jwt)))
			.isEqualTo("tenant-7");
	}

	@Test
	void goesByTheNameOfWhateverIsNoToken() {
		for (SessionOwnerResolver resolver : List.of(this.tokens, this.authentications)) {
			assertThat(resolver.resolveOwner(user("alice"))).isEqualTo("alice");
			assertThat(resolver.resolveOwner(user(User.withUsername("alice").password("").build()))).isEqualTo("alice");
			assertThat(resolver.resolveOwner((Principal) () -> "alice")).isEqualTo("alice");
		}
	}

	@Test
	void anAnonymousUserIsNobody() {
		for (SessionOwnerResolver resolver : List.of(this.tokens, this.authentications)) {
			assertThat(resolver.resolveOwner(anonymous())).isNull();
		}
	}

	@Test
	void refusesAPrincipalWithoutAStableName() {
		for (SessionOwnerResolver resolver : List.of(this.tokens, this.authentications)) {
			assertThatIllegalStateException().isThrownBy(() -> resolver.resolveOwner(user(new Object())))
				.withMessageContaining("java.lang.Object")
				.withMessageContaining("SessionOwnerResolver");
		}
	}

}
