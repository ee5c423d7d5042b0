/**
 * The Streamable HTTP endpoint as a servlet.
 */
@NullMarked
package io.github.mcppersist.servlet;

import org.jspecify.annotations.NullMarked;
