/**
 * Auto-configuration of the servlet that serves the endpoint, and of the filter in front
 * of it.
 */
@NullMarked
package io.github.mcppersist.autoconfigure.servlet;

import org.jspecify.annotations.NullMarked;
