package io.github.mcppersist.samples.failover;

import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The command that runs this program once more, with the Java and from the jar or the
 * class path that it was started with itself.
 */
final class JavaCommand {

	private JavaCommand() {
	}

	static List<String> of(List<String> args) {
		return of(System.getProperty("java.class.path"), args);
	}

	static List<String> of(String classPath, List<String> args) {
		List<String> command = new ArrayList<>();
		command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
		// Who starts for a few seconds is better off without the optimizing compiler
		command.add("-XX:TieredStopAtLevel=1");
		if (classPath.endsWith(".jar") && !classPath.contains(File.pathSeparator)) {
			command.addAll(List.of("-jar", classPath));
		}
		else {
			command.addAll(List.of("-cp", classPath, FailoverDemo.class.getName()));
		}
		command.addAll(args);
		return command;
	}

}
