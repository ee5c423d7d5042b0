package io.github.mcppersist.modern;

import org.jspecify.annotations.Nullable;

import io.github.mcppersist.observe.ParkedCallOutcome;

/**
 * How a call ends.
 *
 * @param outcome what its client gets, or {@code null} if nobody needs it any more
 * @param observed what observers are told, if it has asked its client
 */
record Ending(@Nullable Outcome outcome, ParkedCallOutcome observed) {

}
