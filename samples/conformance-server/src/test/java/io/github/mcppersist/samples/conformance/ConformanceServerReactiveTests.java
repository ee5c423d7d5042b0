package io.github.mcppersist.samples.conformance;

import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;

/**
 * The same server as a reactive application.
 */
@SpringBootTest(webEnvironment = WebEnvironment.RANDOM_PORT,
		properties = { "mcp.persist.store=memory", "spring.main.web-application-type=reactive" })
class ConformanceServerReactiveTests extends ConformanceServerApplicationTests {

}
