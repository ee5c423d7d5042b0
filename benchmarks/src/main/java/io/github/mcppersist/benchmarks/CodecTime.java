package io.github.mcppersist.benchmarks;

import java.lang.management.ManagementFactory;
import java.util.function.UnaryOperator;

import io.github.mcppersist.payload.PayloadCodec;
import io.github.mcppersist.payload.PayloadPlace;

/**
 * Measures what a codec takes of a processor, warm, which what else the machine does
 * changes little.
 */
final class CodecTime {

	private static final int ROUNDS = 4;

	private static final PayloadPlace PLACE = new PayloadPlace(PayloadPlace.Kind.EVENT, "36AsrnRzOkbHi4Wb5fixYg",
			"yXQZQbPOTKHiT1ke_2_29k6vmk6vm");

	private CodecTime() {
	}

	/**
	 * Measure encoding and decoding.
	 * @param codec the codec
	 * @param message what is encoded
	 * @param quick whether the times need to mean anything
	 * @return the microseconds of a processor for each
	 */
	static Times of(PayloadCodec codec, byte[] message, boolean quick) {
		int calls = quick ? 10 : 50_000;
		byte[] stored = codec.encode(PLACE, message);
		double encode = 0;
		double decode = 0;
		for (int round = 0; round < ROUNDS; round++) {
			encode = micros((bytes) -> codec.encode(PLACE, bytes), message, calls);
			decode = micros((bytes) -> codec.decode(PLACE, bytes), stored, calls);
		}
		return new Times(encode, decode);
	}

	private static double micros(UnaryOperator<byte[]> call, byte[] argument, int calls) {
		var threads = ManagementFactory.getThreadMXBean();
		long start = threads.getCurrentThreadCpuTime();
		long bytes = 0;
		for (int i = 0; i < calls; i++) {
			bytes += call.apply(argument).length;
		}
		long nanos = threads.getCurrentThreadCpuTime() - start;
		if (bytes == 0) {
			throw new IllegalStateException("Nothing was measured");
		}
		return nanos / 1000.0 / calls;
	}

	/**
	 * What one message takes of a processor.
	 *
	 * @param encode microseconds to encode it
	 * @param decode microseconds to decode it
	 */
	record Times(double encode, double decode) {

	}

}
