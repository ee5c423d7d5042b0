package io.github.mcppersist.autoconfigure.springai;

import org.springframework.boot.autoconfigure.condition.ConditionMessage;
import org.springframework.boot.autoconfigure.condition.ConditionOutcome;
import org.springframework.boot.autoconfigure.condition.SpringBootCondition;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.core.type.AnnotatedTypeMetadata;

/**
 * Matches where {@link SpringAiImportFilter} keeps Spring AI's transport from being
 * configured, unless {@code mcp.persist.enabled} is {@code false}.
 */
final class SpringAiServerCondition extends SpringBootCondition {

	@Override
	public ConditionOutcome getMatchOutcome(ConditionContext context, AnnotatedTypeMetadata metadata) {
		SpringAiSetup springAi = new SpringAiSetup(context.getEnvironment(), context.getClassLoader());
		ConditionMessage.Builder message = ConditionMessage.forCondition("MCP server of Spring AI");
		if (!springAi.hasServer()) {
			return ConditionOutcome.noMatch(message.because("Spring AI configures none"));
		}
		String obstacle = springAi.obstacle();
		return (obstacle != null) ? ConditionOutcome.noMatch(message.because(obstacle))
				: ConditionOutcome.match(message.because("this transport takes the place of Spring AI's"));
	}

}
