package io.github.mcppersist.simulation;

import java.io.PrintWriter;
import java.io.StringWriter;

/**
 * Stack traces as text.
 */
final class Traces {

	private Traces() {
	}

	static String of(Throwable ex) {
		StringWriter text = new StringWriter();
		ex.printStackTrace(new PrintWriter(text));
		return text.toString();
	}

}
