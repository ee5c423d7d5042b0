/**
 * A Spring AI server with annotated tools and mcp-persist on its class path.
 */
@NullMarked
package io.github.mcppersist.samples.springai;

import org.jspecify.annotations.NullMarked;
