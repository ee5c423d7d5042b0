/**
 * A Redis for tests, and servers for those that stop, pause or configure theirs.
 */
// Not null-marked: a test that finds nothing where something should be fails there
package io.github.mcppersist.test.redis;
