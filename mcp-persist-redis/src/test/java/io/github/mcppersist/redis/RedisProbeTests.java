package io.github.mcppersist.redis;

import org.junit.jupiter.api.Test;
import org.springframework.data.redis.connection.ClusterSlotHashUtil;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for the keys of {@link RedisProbe}.
 */
class RedisProbeTests {

	@Test
	void hasAKeyInEachSlotOfACluster() {
		RedisKeys keys = new RedisKeys("mcp");

		assertThat(RedisProbe.Names.OF_SLOTS).hasSize(16_384);
		for (int slot = 0; slot < 16_384; slot++) {
			assertThat(ClusterSlotHashUtil.calculateSlot(keys.probe(RedisProbe.Names.OF_SLOTS[slot]))).isEqualTo(slot);
		}
	}

}
