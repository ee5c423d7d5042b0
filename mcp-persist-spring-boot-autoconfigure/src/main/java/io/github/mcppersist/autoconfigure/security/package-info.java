/**
 * Who owns a session, where Spring Security says who sends a request.
 */
@NullMarked
package io.github.mcppersist.autoconfigure.security;

import org.jspecify.annotations.NullMarked;
