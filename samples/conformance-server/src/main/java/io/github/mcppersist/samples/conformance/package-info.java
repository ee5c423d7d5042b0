/**
 * A server with every tool, prompt and resource that the official MCP conformance suite
 * asks for.
 */
@NullMarked
package io.github.mcppersist.samples.conformance;

import org.jspecify.annotations.NullMarked;
