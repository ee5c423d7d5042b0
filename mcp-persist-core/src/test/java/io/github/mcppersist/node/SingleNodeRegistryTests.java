package io.github.mcppersist.node;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class SingleNodeRegistryTests {

	private static final Duration TIMEOUT = Duration.ofMinutes(1);

	private final NodeRegistry registry = NodeRegistry.single();

	private final List<String> told = new ArrayList<>();

	private final NodeRegistry.Listener listener = new NodeRegistry.Listener() {

		@Override
		public void received(String message) {
			SingleNodeRegistryTests.this.told.add(message);
		}

		@Override
		public void missed() {
			SingleNodeRegistryTests.this.told.add("missed");
		}

	};

	@Test
	void drawsAnIdForEachNode() {
		assertThat(
				IntStream.range(0, 1_000).mapToObj((n) -> NodeRegistry.single().nodeId()).collect(Collectors.toSet()))
			.hasSize(1_000)
			.allMatch((id) -> id.matches("[A-Za-z0-9]{11}"));
		assertThat(this.registry.nodeId()).isEqualTo(this.registry.nodeId());
	}

	@Test
	void saysOfEveryOtherNodeThatItHasGone() {
		this.registry.join(this.listener);

		assertThat(this.registry.isGone(this.registry.nodeId())).isFalse();
		assertThat(this.registry.isGone(NodeRegistry.single().nodeId())).isTrue();
		assertThat(this.registry.isGone("node0000000")).isTrue();
		assertThat(this.registry.isPresent(this.registry.nodeId()).block()).isTrue();
		assertThat(this.registry.isPresent("node0000000").block()).isFalse();
	}

	@Test
	void reachesNoOtherNode() {
		this.registry.join(this.listener);

		assertThat(this.registry.send(NodeRegistry.single().nodeId(), "hint").block(TIMEOUT)).isFalse();
		assertThat(this.registry.send(this.registry.nodeId(), "hint").block(TIMEOUT)).isTrue();
	}

	@Test
	void sendsItselfNothing() {
		this.registry.join(this.listener);

		this.registry.send(this.registry.nodeId(), "hint").block(TIMEOUT);
		this.registry.broadcast("hint").block(TIMEOUT);

		assertThat(this.told).isEmpty();
	}

	@Test
	void leavesWithoutAWord() {
		this.registry.join(this.listener);

		assertThat(this.registry.leave(this.listener).block(TIMEOUT)).isNull();

		assertThat(this.told).isEmpty();
	}

}
