package io.github.mcppersist.autoconfigure.security;

import java.security.Principal;
import java.util.Objects;

import org.jspecify.annotations.Nullable;
import org.springframework.security.authentication.AnonymousAuthenticationToken;
import org.springframework.security.core.Authentication;

import io.github.mcppersist.transport.SessionOwnerResolver;

/**
 * Takes the name of an {@link Authentication}. An anonymous one is nobody, on a reactive
 * server as well, where it is the principal of the request.
 */
class AuthenticationOwnerResolver implements SessionOwnerResolver {

	private final SessionOwnerResolver byName = SessionOwnerResolver.principalName();

	@Override
	public final @Nullable String resolveOwner(Principal principal) {
		if (principal instanceof AnonymousAuthenticationToken) {
			return null;
		}
		return (principal instanceof Authentication authentication) ? ownerOf(authentication)
				: this.byName.resolveOwner(principal);
	}

	/**
	 * Return the owner that an authentication stands for.
	 * @param authentication the authentication, not an anonymous one
	 * @return the name
	 */
	String ownerOf(Authentication authentication) {
		String name = Objects.requireNonNull(this.byName.resolveOwner(authentication));
		Object principal = authentication.getPrincipal();
		if (principal != null
				&& (principal.getClass().getName() + '@' + Integer.toHexString(principal.hashCode())).equals(name)) {
			throw new IllegalStateException("The name of an " + authentication.getClass().getSimpleName()
					+ " is Object.toString() of its principal of " + principal.getClass()
					+ ", another one for each object. Let that implement AuthenticatedPrincipal, "
					+ "or declare a SessionOwnerResolver");
		}
		return name;
	}

}
