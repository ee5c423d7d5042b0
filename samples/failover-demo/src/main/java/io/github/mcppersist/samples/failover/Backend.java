package io.github.mcppersist.samples.failover;

/**
 * A server behind the balancer.
 *
 * @param name what it is called
 * @param port where it listens, on the loopback address
 */
record Backend(String name, int port) {

}
