package io.github.mcppersist;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition;
import com.tngtech.archunit.thirdparty.org.objectweb.asm.ClassReader;
import com.tngtech.archunit.thirdparty.org.objectweb.asm.ClassVisitor;
import com.tngtech.archunit.thirdparty.org.objectweb.asm.MethodVisitor;
import com.tngtech.archunit.thirdparty.org.objectweb.asm.Opcodes;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The rules of the core's packages: arrows between them go one way, and what is internal
 * stays so.
 */
class PackageRulesTests {

	private static final String ROOT = "io.github.mcppersist.";

	private static final String STREAM = ROOT + "stream";

	private static final String MODERN = ROOT + "modern";

	private static final String[] INTERNAL = { STREAM, MODERN };

	private static final String TRANSPORT = ROOT + "transport";

	/**
	 * The one owner of an endpoint's threads and of its time.
	 */
	private static final String THREADS = STREAM + ".ThreadPools";

	/**
	 * Where threads of the user's are interrupted: only while they run what is to be
	 * stopped, which takes a lock, and a hook into the schedulers that may run it.
	 */
	private static final String USER_CODE = STREAM + ".UserCode";

	/**
	 * What each package sees of the others.
	 */
	private static final Map<String, Set<String>> SEES = Map.of(//
			"event", Set.of(), //
			"session", Set.of("event"), //
			"node", Set.of("event"), //
			"task", Set.of("event", "node"), //
			"payload", Set.of("event", "session", "task"), //
			"observe", Set.of("event", "session", "payload", "task"), //
			"stream", Set.of("event", "node", "observe", "payload"), //
			"modern", Set.of("event", "node", "observe", "stream", "task"), //
			"transport", Set.of("event", "session", "node", "observe", "payload", "stream", "modern", "task"), //
			"servlet", Set.of("transport"));

	private static final JavaClasses CORE = new ClassFileImporter()
		.withImportOption(new ImportOption.DoNotIncludeTests())
		.importPackages("io.github.mcppersist");

	@TestFactory
	List<DynamicTest> seesNoMoreThanItMay() {
		return SEES.keySet()
			.stream()
			.sorted()
			.map((name) -> DynamicTest.dynamicTest(name,
					() -> ArchRuleDefinition.noClasses()
						.that()
						.resideInAPackage(ROOT + name)
						.should()
						.dependOnClassesThat()
						.resideInAnyPackage(SEES.keySet()
							.stream()
							.filter((other) -> !other.equals(name) && !SEES.get(name).contains(other))
							.map((other) -> ROOT + other)
							.toArray(String[]::new))
						.allowEmptyShould(true)
						.check(CORE)))
			.toList();
	}

	@Test
	void hasNoOtherPackages() {
		assertThat(CORE.stream().map(JavaClass::getPackageName).collect(Collectors.toSet()))
			.containsExactlyInAnyOrderElementsOf(SEES.keySet().stream().map((name) -> ROOT + name).toList());
	}

	/**
	 * What all handlers of an endpoint share knows none of them.
	 */
	@Test
	void hasNoCircleThroughWhatHandlersShare() {
		JavaClass runtime = CORE.get(TRANSPORT + ".EndpointRuntime");

		assertThat(runtime.getTransitiveDependenciesFromSelf())
			.filteredOn((dependency) -> dependency.getTargetClass().equals(runtime))
			.allMatch((dependency) -> isOf(runtime, dependency.getOriginClass()));
	}

	private static boolean isOf(JavaClass outer, JavaClass type) {
		return type.equals(outer) || type.getEnclosingClass().map((enclosing) -> isOf(outer, enclosing)).orElse(false);
	}

	@Test
	void makesOfInternalPackagesOnlyPublicWhatAnotherUses() {
		ArchRuleDefinition.classes()
			.that()
			.resideInAnyPackage(INTERNAL)
			.and()
			.arePublic()
			.should(beUsedFromOutside())
			.check(CORE);
	}

	@Test
	void showsNothingOfInternalPackagesToUsers() {
		ArchRuleDefinition.methods()
			.that()
			.areDeclaredInClassesThat()
			.resideOutsideOfPackages(INTERNAL)
			.and()
			.areDeclaredInClassesThat()
			.arePublic()
			.and()
			.arePublic()
			.should(haveNoTypeOf(INTERNAL))
			.check(CORE);
	}

	@Test
	void hasNoLocksInInternalPackages() {
		ArchRuleDefinition.noClasses()
			.that()
			.resideInAnyPackage(INTERNAL)
			.should()
			.dependOnClassesThat()
			.resideInAPackage("java.util.concurrent.locks")
			.check(CORE);
	}

	@Test
	void synchronizesNoMethodInInternalPackages() {
		ArchRuleDefinition.methods()
			.that()
			.areDeclaredInClassesThat()
			.resideInAnyPackage(INTERNAL)
			.and()
			.areNotDeclaredIn(USER_CODE)
			.should()
			.notHaveModifier(JavaModifier.SYNCHRONIZED)
			.check(CORE);
	}

	@Test
	void entersNoMonitorInInternalPackages() {
		ArchRuleDefinition.classes()
			.that()
			.resideInAnyPackage(INTERNAL)
			.and()
			.haveNameNotMatching(USER_CODE.replace(".", "\\.") + "(\\$.*)?")
			.should(enterNoMonitor())
			.check(CORE);
	}

	@Test
	void hasNoTimeOrThreadsButTheEndpointsOwn() {
		ArchRuleDefinition.noClasses()
			.that()
			.resideInAnyPackage(STREAM, MODERN, TRANSPORT)
			.and()
			.haveNameNotMatching(THREADS.replace(".", "\\.") + "(\\$.*)?")
			.and()
			.haveNameNotMatching(USER_CODE.replace(".", "\\.") + "(\\$.*)?")
			.should()
			.callMethod(System.class, "nanoTime")
			.orShould()
			.callMethod(System.class, "currentTimeMillis")
			.orShould()
			.callMethod(Instant.class, "now")
			.orShould()
			.dependOnClassesThat()
			.belongToAnyOf(Clock.class, Schedulers.class, Executors.class)
			.check(CORE);
	}

	/**
	 * Reactor would wait on a scheduler of its own.
	 */
	@Test
	void leavesNoWaitingToReactor() {
		ArchRuleDefinition.noClasses()
			.that()
			.resideInAnyPackage(STREAM, MODERN, TRANSPORT)
			.should()
			.callMethodWhere(DescribedPredicate.describe("Reactor is given a time",
					(call) -> call.getTarget().getOwner().getPackageName().equals(Mono.class.getPackageName())
							&& call.getTarget()
								.getRawParameterTypes()
								.stream()
								.anyMatch((type) -> type.isEquivalentTo(Duration.class))))
			.check(CORE);
	}

	private static ArchCondition<JavaClass> beUsedFromOutside() {
		return new ArchCondition<>("be used by another package") {
			@Override
			public void check(JavaClass type, ConditionEvents events) {
				boolean used = type.getDirectDependenciesToSelf()
					.stream()
					.anyMatch((
							dependency) -> !dependency.getOriginClass().getPackageName().equals(type.getPackageName()));
				events.add(new SimpleConditionEvent(type, used, type.getName() + (used ? " is" : " isn't") + " used"));
			}
		};
	}

	private static ArchCondition<JavaMethod> haveNoTypeOf(String... packageNames) {
		return new ArchCondition<>("have no type of " + String.join(" or ", packageNames)) {
			@Override
			public void check(JavaMethod method, ConditionEvents events) {
				Stream.concat(Stream.of(method.getReturnType()), method.getParameterTypes().stream())
					.flatMap((type) -> type.getAllInvolvedRawTypes().stream())
					.filter((type) -> List.of(packageNames).contains(type.getPackageName()))
					.forEach((type) -> events.add(SimpleConditionEvent.violated(method,
							method.getFullName() + " shows " + type.getSimpleName())));
			}
		};
	}

	private static ArchCondition<JavaClass> enterNoMonitor() {
		return new ArchCondition<>("have no synchronized block") {
			@Override
			public void check(JavaClass type, ConditionEvents events) {
				boolean[] enters = new boolean[1];
				reader(type).accept(new ClassVisitor(Opcodes.ASM9) {
					@Override
					public MethodVisitor visitMethod(int access, String name, String descriptor, String signature,
							String[] exceptions) {
						return new MethodVisitor(Opcodes.ASM9) {
							@Override
							public void visitInsn(int opcode) {
								enters[0] |= opcode == Opcodes.MONITORENTER;
							}
						};
					}
				}, 0);
				events.add(new SimpleConditionEvent(type, !enters[0], type.getName() + " has a synchronized block"));
			}
		};
	}

	private static ClassReader reader(JavaClass type) {
		try (InputStream bytes = type.getSource().orElseThrow().getUri().toURL().openStream()) {
			return new ClassReader(bytes);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

}
