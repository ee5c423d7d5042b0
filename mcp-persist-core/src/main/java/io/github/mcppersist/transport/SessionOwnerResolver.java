package io.github.mcppersist.transport;

import java.security.Principal;

import org.jspecify.annotations.Nullable;

/**
 * Names the owner of a session: who creates a session owns it, and to anybody else it
 * doesn't exist. Asked once for each request that has a principal, on the thread that
 * brings it, which must not be blocked.
 * <p>
 * A name has to be the same for all requests of one client, on every node and after its
 * token was refreshed, and another one for any other client. It is stored with the
 * session, so it must not hold a secret, and one with half of a pair of surrogates is
 * refused, as if it couldn't be told. A request without a principal belongs to nobody.
 */
@FunctionalInterface
public interface SessionOwnerResolver {

	/**
	 * Return the name of the owner.
	 * @param principal the authenticated principal of the request
	 * @return the name, or {@code null} for nobody: the sessions of all requests for
	 * which this is {@code null} belong to whoever knows their IDs
	 * @throws RuntimeException if it can't be told, with a message that says why and what
	 * to do. It is logged, as an {@link Error} is, and the request answered with 500
	 */
	@Nullable String resolveOwner(Principal principal);

	/**
	 * Return a resolver that takes the principal's name. It fails for a name that is
	 * empty, which tells nobody apart, and for one that {@link Object#toString()} made
	 * up, which is another one for each object.
	 * @return the resolver
	 */
	static SessionOwnerResolver principalName() {
		return (principal) -> {
			String name = principal.getName();
			if (name == null || name.isEmpty()) {
				throw new IllegalStateException("A principal of " + principal.getClass() + " has no name. "
						+ "Declare a SessionOwnerResolver that names the owner of its sessions");
			}
			if (name.equals(principal.getClass().getName() + '@' + Integer.toHexString(principal.hashCode()))) {
				throw new IllegalStateException("The name of a principal of " + principal.getClass()
						+ " is that of Object.toString(), another one for each object. "
						+ "Let getName() return a stable name, or declare a SessionOwnerResolver");
			}
			return name;
		};
	}

}
