/**
 * The contracts of adapters, and the client and the tools that they use.
 */
// Not null-marked: a test that finds nothing where something should be fails there
package io.github.mcppersist.test.transport;
