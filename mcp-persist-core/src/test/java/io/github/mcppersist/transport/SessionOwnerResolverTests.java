package io.github.mcppersist.transport;

import java.security.Principal;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

class SessionOwnerResolverTests {

	private final SessionOwnerResolver resolver = SessionOwnerResolver.principalName();

	@Test
	void takesThePrincipalsName() {
		assertThat(this.resolver.resolveOwner(() -> "alice")).isEqualTo("alice");
		assertThat(this.resolver.resolveOwner(() -> "john.doe@cafe")).isEqualTo("john.doe@cafe");
	}

	@Test
	void refusesANameThatTellsNobodyApart() {
		for (Principal principal : new Principal[] { () -> "", () -> null }) {
			assertThatIllegalStateException().isThrownBy(() -> this.resolver.resolveOwner(principal))
				.withMessageContaining("SessionOwnerResolver")
				.withMessageContaining(principal.getClass().getName());
		}
	}

	@Test
	void refusesANameThatIsAnotherOneForEachObject() {
		assertThatIllegalStateException().isThrownBy(() -> this.resolver.resolveOwner(new WithoutToString()))
			.withMessageContaining("Object.toString()")
			.withMessageContaining("SessionOwnerResolver");
		assertThat(this.resolver.resolveOwner(new WithToString("alice"))).contains("alice");
	}

	private static final class WithoutToString implements Principal {

		@Override
		public String getName() {
			return toString();
		}

	}

	private record WithToString(@Nullable String user) implements Principal {

		@Override
		public String getName() {
			return toString();
		}

	}

}
