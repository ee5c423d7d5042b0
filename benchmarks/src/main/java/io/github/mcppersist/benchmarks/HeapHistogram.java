package io.github.mcppersist.benchmarks;

import java.lang.management.ManagementFactory;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import javax.management.JMException;
import javax.management.ObjectName;

/**
 * What is left in the heap of this JVM after a full collection, class by class.
 *
 * @param text the JVM's table
 */
record HeapHistogram(String text) {

	/**
	 * Collect garbage and count what is left.
	 * @return what is left
	 */
	static HeapHistogram collect() throws JMException {
		return new HeapHistogram((String) ManagementFactory.getPlatformMBeanServer()
			.invoke(new ObjectName("com.sun.management:type=DiagnosticCommand"), "gcClassHistogram",
					new Object[] { new String[0] }, new String[] { String[].class.getName() }));
	}

	long instances(String className) {
		Matcher line = Pattern.compile("(?m)^ *\\d+: +(\\d+) +\\d+ +" + Pattern.quote(className) + "( .*)?$")
			.matcher(this.text);
		return line.find() ? Long.parseLong(line.group(1)) : 0;
	}

	/**
	 * Return the sum of all.
	 * @return bytes
	 */
	long total() {
		Matcher line = Pattern.compile("(?m)^Total +\\d+ +(\\d+)").matcher(this.text);
		if (!line.find()) {
			throw new IllegalStateException("No total in " + this.text);
		}
		return Long.parseLong(line.group(1));
	}

}
