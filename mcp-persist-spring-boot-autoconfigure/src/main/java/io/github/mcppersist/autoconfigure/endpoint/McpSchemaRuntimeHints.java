package io.github.mcppersist.autoconfigure.endpoint;

import io.modelcontextprotocol.spec.McpSchema;
import org.jspecify.annotations.Nullable;
import org.springframework.aot.hint.MemberCategory;
import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.RuntimeHintsRegistrar;

/**
 * What a JSON mapper needs of the protocol's messages in a native image. The SDK doesn't
 * tell it, and Spring AI, which does, may be absent.
 */
final class McpSchemaRuntimeHints implements RuntimeHintsRegistrar {

	@Override
	public void registerHints(RuntimeHints hints, @Nullable ClassLoader classLoader) {
		registerNestedTypes(hints, McpSchema.class);
	}

	private static void registerNestedTypes(RuntimeHints hints, Class<?> type) {
		for (Class<?> nested : type.getDeclaredClasses()) {
			hints.reflection()
				.registerType(nested, MemberCategory.INVOKE_DECLARED_CONSTRUCTORS,
						MemberCategory.INVOKE_DECLARED_METHODS, MemberCategory.ACCESS_DECLARED_FIELDS);
			registerNestedTypes(hints, nested);
		}
	}

}
