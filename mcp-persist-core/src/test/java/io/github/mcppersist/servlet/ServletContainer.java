package io.github.mcppersist.servlet;

import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.WebServer;

/**
 * The containers that the servlet is tested in.
 */
enum ServletContainer {

	TOMCAT {

		@Override
		WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return new TomcatServer(endpoint);
		}

	},

	JETTY {

		@Override
		WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return new JettyServer(endpoint);
		}

	};

	abstract WebServer serve(StreamableHttpEndpoint endpoint) throws Exception;

}
