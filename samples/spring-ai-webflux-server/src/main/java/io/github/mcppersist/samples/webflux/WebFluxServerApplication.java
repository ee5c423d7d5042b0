package io.github.mcppersist.samples.webflux;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

/**
 * A reactive Spring AI server as its users write it. That its streams resume and its
 * sessions last is up to the starter on its class path.
 */
@SpringBootApplication(proxyBeanMethods = false)
public class WebFluxServerApplication {

	public static void main(String[] args) {
		SpringApplication.run(WebFluxServerApplication.class, args);
	}

}
