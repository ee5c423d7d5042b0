/**
 * Internal, not for applications: streams as logs, their writers, and the connections
 * that read them. It knows neither sessions nor handlers. What is public is so for the
 * transport alone, and may change in any version.
 */
@NullMarked
package io.github.mcppersist.stream;

import org.jspecify.annotations.NullMarked;
