package com.example.server;

import java.util.concurrent.TimeUnit;

import org.springframework.ai.mcp.annotation.McpTool;
import org.springframework.ai.mcp.annotation.McpToolParam;
import org.springframework.ai.mcp.annotation.context.McpSyncRequestContext;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.stereotype.Component;

@SpringBootApplication
public class ServerApplication {

	public static void main(String[] args) {
		SpringApplication.run(ServerApplication.class, args);
	}

}

@Component
class Tools {

	@McpTool(name = "count", description = "Counts from 1 to n, a progress notification each")
	String count(McpSyncRequestContext context, @McpToolParam(description = "how far to count") int n,
			@McpToolParam(description = "the time between two numbers, in milliseconds") long intervalMs)
			throws InterruptedException {
		for (int i = 1; i <= n; i++) {
			int number = i;
			context.progress((progress) -> progress.progress(number).total(n));
			TimeUnit.MILLISECONDS.sleep(intervalMs);
		}
		return "counted " + n;
	}

}
