package io.github.mcppersist.autoconfigure.security;

import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import org.springframework.security.core.Authentication;
import org.springframework.security.oauth2.core.ClaimAccessor;
import org.springframework.security.oauth2.core.OAuth2AuthenticatedPrincipal;

/**
 * Takes issuer and subject of a token or an OpenID Connect login, since two issuers may
 * give one name to different users. Without a subject it is the name that the application
 * has chosen, or else the client that the token was issued to.
 * <p>
 * The owner is the issuer, or nothing, then what kind of name follows, and the name:
 * {@code https://idp.example.com sub alice}.
 */
final class TokenOwnerResolver extends AuthenticationOwnerResolver {

	private static final String ISSUER = "iss";

	private static final String SUBJECT = "sub";

	/**
	 * RFC 9068 and RFC 7662 have the first, OpenID Connect the second.
	 */
	private static final List<String> CLIENTS = List.of("client_id", "azp");

	@Override
	String ownerOf(Authentication authentication) {
		Map<String, Object> claims = claims(authentication.getPrincipal());
		if (claims == null) {
			claims = claims(authentication.getCredentials());
			if (claims == null || !isNamedAfter(authentication, claims)) {
				return super.ownerOf(authentication);
			}
		}
		String subject = text(claims, SUBJECT);
		if (subject != null) {
			return owner(claims, SUBJECT, subject);
		}
		if (authentication.getName() != null && !authentication.getName().isEmpty()) {
			return owner(claims, "name", super.ownerOf(authentication));
		}
		for (String claim : CLIENTS) {
			String client = text(claims, claim);
			if (client != null) {
				return owner(claims, claim, client);
			}
		}
		throw new IllegalStateException("A token has no sub, client_id or azp, so it can't be told who sends it. "
				+ "Declare a SessionOwnerResolver that names the owner of its sessions");
	}

	// An application that gives a token another principal may have chosen another name
	private static boolean isNamedAfter(Authentication authentication, Map<String, Object> claims) {
		String name = authentication.getName();
		return name == null || name.isEmpty() || name.equals(text(claims, SUBJECT));
	}

	private static @Nullable Map<String, Object> claims(@Nullable Object source) {
		if (source instanceof OAuth2AuthenticatedPrincipal principal) {
			return principal.getAttributes();
		}
		return (source instanceof ClaimAccessor token) ? token.getClaims() : null;
	}

	private static @Nullable String text(Map<String, Object> claims, String claim) {
		Object value = claims.get(claim);
		return (value != null && !value.toString().isEmpty()) ? value.toString() : null;
	}

	private static String owner(Map<String, Object> claims, String kind, String name) {
		String issuer = text(claims, ISSUER);
		return ((issuer != null) ? issuer : "") + ' ' + kind + ' ' + name;
	}

}
