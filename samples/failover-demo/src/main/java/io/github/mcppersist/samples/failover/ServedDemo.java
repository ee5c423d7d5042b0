package io.github.mcppersist.samples.failover;

import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;

import org.springframework.boot.ApplicationArguments;

/**
 * The demo as a page: a cluster, a balancer, and the page with a client of each era.
 */
final class ServedDemo implements AutoCloseable {

	private final DemoRedis redis;

	private final DemoCluster cluster;

	private final PageServer page;

	private final Balancer balancer;

	private ServedDemo(DemoRedis redis, DemoCluster cluster, PageServer page, Balancer balancer) {
		this.redis = redis;
		this.cluster = cluster;
		this.page = page;
		this.balancer = balancer;
	}

	/**
	 * Start it.
	 * @param arguments the program's
	 * @param port where the balancer listens
	 * @param out where to print where the page is, as soon as it is, and what the
	 * instances log
	 * @return the demo, whose instances serve
	 * @throws Exception if something doesn't start
	 */
	static ServedDemo start(ApplicationArguments arguments, int port, PrintStream out) throws Exception {
		DemoRedis redis = DemoRedis.start(arguments);
		DemoCluster cluster = DemoCluster.start(redis, InstanceArguments.toServe(arguments, redis), out);
		PageServer page = PageServer.bind(cluster);
		try {
			Balancer balancer = Balancer.start(port, cluster::instances, page.backend());
			page.start(balancer::cut);
			ServedDemo demo = new ServedDemo(redis, cluster, page, balancer);
			out.println("Open " + demo.url()
					+ " in a browser. Two instances start now, each a JVM of its own. Ctrl-C here ends it.");
			cluster.awaitReady();
			return demo;
		}
		catch (Exception ex) {
			page.close();
			cluster.close();
			redis.close();
			throw ex;
		}
	}

	URI url() {
		return URI.create("http://localhost:" + this.balancer.port() + "/");
	}

	@Override
	public void close() throws IOException {
		this.balancer.close();
		this.page.close();
		this.cluster.close();
		this.redis.close();
	}

}
