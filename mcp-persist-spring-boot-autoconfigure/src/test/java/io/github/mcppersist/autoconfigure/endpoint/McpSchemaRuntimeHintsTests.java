package io.github.mcppersist.autoconfigure.endpoint;

import java.util.ArrayList;
import java.util.List;

import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.InitializeRequest;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCResponse.JSONRPCError;
import org.junit.jupiter.api.Test;
import org.springframework.aot.hint.MemberCategory;
import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.predicate.RuntimeHintsPredicates;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * That they are registered is tested by the conformance server in the samples, which has
 * no Spring AI with hints of its own on its class path.
 */
class McpSchemaRuntimeHintsTests {

	@Test
	void coverAllOfTheProtocolsMessages() {
		RuntimeHints hints = new RuntimeHints();

		new McpSchemaRuntimeHints().registerHints(hints, null);

		assertThat(nested(McpSchema.class)).contains(InitializeRequest.class, CallToolResult.class, JSONRPCError.class)
			.allMatch((type) -> RuntimeHintsPredicates.reflection()
				.onType(type)
				.withMemberCategories(MemberCategory.INVOKE_DECLARED_CONSTRUCTORS,
						MemberCategory.INVOKE_DECLARED_METHODS, MemberCategory.ACCESS_DECLARED_FIELDS)
				.test(hints));
	}

	private static List<Class<?>> nested(Class<?> type) {
		List<Class<?>> nested = new ArrayList<>();
		for (Class<?> each : type.getDeclaredClasses()) {
			nested.add(each);
			nested.addAll(nested(each));
		}
		return nested;
	}

}
