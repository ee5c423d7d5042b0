package io.github.mcppersist.autoconfigure.endpoint;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;

import io.github.mcppersist.transport.IncompatibleSdkException;

/**
 * Says how to get the version of the MCP SDK that is needed. Comes before Spring Boot's
 * analyzer of a {@link NoSuchMethodError}, which is the cause and says less.
 */
@Order(Ordered.HIGHEST_PRECEDENCE)
final class IncompatibleSdkFailureAnalyzer extends AbstractFailureAnalyzer<IncompatibleSdkException> {

	private static final String ACTION = """
			mcp-persist-spring-boot-starter depends on the version that it needs, so something in your build holds it back: \
			an imported BOM, a managed version, or a direct dependency. Find it with
			    mvn dependency:tree -Dincludes=io.modelcontextprotocol.sdk
			    gradle dependencyInsight --dependency io.modelcontextprotocol.sdk

			With Maven, put the versions into the <dependencyManagement> of your own POM, where they go before those of \
			every imported BOM:

			    <dependency>
			        <groupId>io.modelcontextprotocol.sdk</groupId>
			        <artifactId>mcp-core</artifactId>
			        <version>%1$s</version>
			    </dependency>

			and likewise mcp and mcp-json-jackson3. With Gradle and the plugin io.spring.dependency-management:

			    dependencyManagement {
			        dependencies {
			            dependencySet(group: 'io.modelcontextprotocol.sdk', version: '%1$s') {
			                entry 'mcp'
			                entry 'mcp-core'
			                entry 'mcp-json-jackson3'
			            }
			        }
			    }

			With Gradle alone, use platform(..) rather than enforcedPlatform(..) for BOMs, and no strict version of these.""";

	@Override
	protected FailureAnalysis analyze(Throwable rootFailure, IncompatibleSdkException cause) {
		return new FailureAnalysis(cause.getMessage(), ACTION.formatted(IncompatibleSdkException.NEEDED_VERSION),
				cause);
	}

}
