package io.github.mcppersist.samples.springai;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

import io.modelcontextprotocol.spec.McpSchema.ElicitResult.Action;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.ai.mcp.annotation.McpTool;
import org.springframework.ai.mcp.annotation.McpToolParam;
import org.springframework.ai.mcp.annotation.context.McpSyncRequestContext;
import org.springframework.ai.mcp.annotation.context.StructuredElicitResult;
import org.springframework.aot.hint.annotation.RegisterReflectionForBinding;
import org.springframework.stereotype.Component;

import io.github.mcppersist.task.RunningTask;

/**
 * A tool that takes long, asks in the middle, and tells how it goes on.
 */
@Component
@RegisterReflectionForBinding(ReportTool.Scope.class)
class ReportTool {

	private static final Logger logger = LoggerFactory.getLogger(ReportTool.class);

	@McpTool(name = "report", description = "Asks for a year, and writes a report about it: a chapter each second")
	String report(McpSyncRequestContext context, @McpToolParam(description = "how many chapters") int chapters)
			throws InterruptedException {
		RunningTask task = RunningTask.of(context.exchange());
		task.setTimeToLive(Duration.ofDays(1));
		try {
			StructuredElicitResult<Scope> answer = context.elicit((question) -> question.message("Which year?"),
					Scope.class);
			if (answer.action() != Action.ACCEPT) {
				return "No report";
			}
			for (int chapter = 1; chapter <= chapters; chapter++) {
				task.setStatusMessage("Chapter " + chapter + " of " + chapters);
				TimeUnit.SECONDS.sleep(1);
			}
			return "The report of " + answer.structuredContent().year();
		}
		finally {
			if (task.isCancelled()) {
				// Undo here what was begun: nobody gets a result
				logger.info("A report was cancelled");
			}
		}
	}

	/**
	 * What the user is asked for.
	 *
	 * @param year what the report is about
	 */
	record Scope(int year) {
	}

}
