/**
 * Servlet containers in front of an endpoint.
 */
@NullMarked
package io.github.mcppersist.test.servlet;

import org.jspecify.annotations.NullMarked;
