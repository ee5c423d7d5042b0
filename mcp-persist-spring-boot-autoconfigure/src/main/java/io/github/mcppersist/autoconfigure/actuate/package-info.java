/**
 * Auto-configuration of what Spring Boot Actuator shows: health, and an endpoint.
 */
@NullMarked
package io.github.mcppersist.autoconfigure.actuate;

import org.jspecify.annotations.NullMarked;
