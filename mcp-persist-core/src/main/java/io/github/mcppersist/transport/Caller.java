package io.github.mcppersist.transport;

import java.util.Objects;

import org.jspecify.annotations.Nullable;

/**
 * Who sends a request.
 *
 * @param owner the name under which it owns sessions, or {@code null} for nobody
 * @param principalType the class of its principal, or {@code null} if it has none
 */
record Caller(@Nullable String owner, @Nullable Class<?> principalType) {

	boolean owns(@Nullable String sessionOwner) {
		return Objects.equals(this.owner, sessionOwner);
	}

	/**
	 * Say in what this isn't the owner of a session, naming nobody.
	 * @param sessionOwner the owner of the session
	 * @return a sentence
	 */
	String differenceFrom(@Nullable String sessionOwner) {
		String created = (sessionOwner != null) ? "It was created by an owner"
				: "It was created by nobody: without a principal, or with one that resolves to no owner";
		if (this.owner != null) {
			return created + ", and the request is of " + ((sessionOwner != null) ? "another" : "an owner")
					+ ", by its principal of " + this.principalType;
		}
		return created + ", and the request " + ((this.principalType != null)
				? "resolves to no owner, by its principal of " + this.principalType : "came without a principal");
	}

}
