package io.github.mcppersist.samples.springai;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

/**
 * A Spring AI server as its users write it. That its streams resume and its sessions last
 * is up to the starter on its class path.
 */
@SpringBootApplication(proxyBeanMethods = false)
public class SpringAiServerApplication {

	public static void main(String[] args) {
		SpringApplication.run(SpringAiServerApplication.class, args);
	}

}
