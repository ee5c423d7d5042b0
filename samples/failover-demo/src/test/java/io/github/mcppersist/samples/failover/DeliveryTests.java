package io.github.mcppersist.samples.failover;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class DeliveryTests {

	private final Delivery delivery = new Delivery(2);

	@Test
	void hasNoProblemIfAllCameOnceAndInOrder() {
		this.delivery.add(new SseEvent("p", ""));
		notification("a", "1");
		notification("b", "2");
		result("c", "counted 2");

		assertThat(this.delivery.problems(2)).isEmpty();
		assertThat(this.delivery.notifications()).isEqualTo(2);
		assertThat(this.delivery.isFinished()).isTrue();
	}

	@Test
	void tellsOfALostNotification() {
		notification("a", "1");
		notification("c", "3");
		result("d", "counted 3");

		assertThat(this.delivery.problems(3)).containsExactly("expected the notifications 1 to 3, but got [1, 3]");
	}

	@Test
	void tellsOfARepeatedNotificationAndItsEventId() {
		notification("a", "1");
		notification("a", "1");
		result("b", "counted 1");

		assertThat(this.delivery.problems(1)).containsExactly("event a came twice",
				"expected the notifications 1 to 1, but got [1, 1]");
	}

	@Test
	void tellsOfNotificationsOutOfOrder() {
		notification("a", "2");
		notification("b", "1");
		result("c", "counted 2");

		assertThat(this.delivery.problems(2)).containsExactly("expected the notifications 1 to 2, but got [2, 1]");
	}

	@Test
	void tellsOfAMissingResult() {
		notification("a", "1");

		assertThat(this.delivery.problems(1)).containsExactly("expected one result, counted 1, but got []");
	}

	@Test
	void takesAnErrorForWhatItIs() {
		notification("a", "1");
		error("b");

		assertThat(this.delivery.problems(1)).singleElement().asString().contains("-32603");
	}

	@Test
	void tellsOfAnEventAfterTheResult() {
		result("a", "counted 1");
		notification("b", "1");

		assertThat(this.delivery.problems(1)).singleElement().asString().startsWith("an event after the result");
	}

	@Test
	void tellsOfAnEventWithoutAnId() {
		this.delivery.add(new SseEvent(null, """
				{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"1"}}"""));
		result("b", "counted 1");

		assertThat(this.delivery.problems(1)).singleElement().asString().startsWith("an event without an ID");
	}

	@Test
	void tellsOfAnAnswerToAnotherRequest() {
		notification("a", "1");
		this.delivery.add(new SseEvent("b", """
				{"jsonrpc":"2.0","id":3,"result":{"content":[{"type":"text","text":"counted 1"}]}}"""));

		assertThat(this.delivery.problems(1)).singleElement()
			.asString()
			.startsWith("an answer to another request than 2");
	}

	@Test
	void hasNoProblemIfAnUnfinishedCallEndsWithAnError() {
		notification("a", "1");
		notification("b", "2");
		error("c");

		assertThat(this.delivery.isFinished()).isTrue();
		assertThat(this.delivery.problemsOfUnfinished(3)).isEmpty();
	}

	@Test
	void tellsOfAGapInAnUnfinishedCall() {
		notification("a", "1");
		notification("c", "3");
		error("d");

		assertThat(this.delivery.problemsOfUnfinished(5)).singleElement().asString().endsWith("but got [1, 3]");
	}

	@Test
	void tellsIfAnUnfinishedCallHasNoEnd() {
		notification("a", "1");

		assertThat(this.delivery.problemsOfUnfinished(3))
			.containsExactly("expected one error and no result, but got []");
	}

	@Test
	void tellsIfAnUnfinishedCallEndsTwice() {
		notification("a", "1");
		error("b");
		error("c");

		assertThat(this.delivery.problemsOfUnfinished(3)).singleElement().asString().startsWith("expected one error");
	}

	@Test
	void tellsIfACallThatWasToBeUnfinishedIsDone() {
		notification("a", "1");
		result("b", "counted 1");

		assertThat(this.delivery.problemsOfUnfinished(1)).hasSize(2);
	}

	private void error(String id) {
		this.delivery.add(new SseEvent(id, """
				{"jsonrpc":"2.0","id":2,"error":{"code":-32603,"message":"no"}}"""));
	}

	private void notification(String id, String data) {
		this.delivery.add(new SseEvent(id, """
				{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"%s"}}"""
			.formatted(data)));
	}

	private void result(String id, String text) {
		this.delivery.add(new SseEvent(id, """
				{"jsonrpc":"2.0","id":2,"result":{"content":[{"type":"text","text":"%s"}]}}""".formatted(text)));
	}

}
