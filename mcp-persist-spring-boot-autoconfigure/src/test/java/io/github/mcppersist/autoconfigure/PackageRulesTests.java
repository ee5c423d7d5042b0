package io.github.mcppersist.autoconfigure;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition;
import com.tngtech.archunit.library.dependencies.SlicesRuleDefinition;
import org.junit.jupiter.api.Test;

/**
 * The rules of the modules that use the core, whose own are tested there.
 */
class PackageRulesTests {

	private static final String ROOT = "io.github.mcppersist.";

	private static final String AUTO_CONFIGURATION = ROOT + "autoconfigure..";

	private static final JavaClasses ALL = new ClassFileImporter()
		.withImportOption(new ImportOption.DoNotIncludeTests())
		.importPackages("io.github.mcppersist");

	@Test
	void storesOnRedisKnowNothingOfTheTransport() {
		ArchRuleDefinition.noClasses()
			.that()
			.resideInAPackage(ROOT + "redis..")
			.should()
			.dependOnClassesThat()
			.resideInAnyPackage(ROOT + "transport..", ROOT + "stream..", ROOT + "modern..", ROOT + "servlet..",
					ROOT + "observe..")
			.check(ALL);
	}

	@Test
	void onlyTheCoreUsesWhatIsInternalToIt() {
		ArchRuleDefinition.noClasses()
			.that()
			.resideInAnyPackage(ROOT + "redis..", ROOT + "webflux..", ROOT + "test..", AUTO_CONFIGURATION)
			.should()
			.dependOnClassesThat()
			.resideInAnyPackage(ROOT + "stream..", ROOT + "modern..")
			.check(ALL);
	}

	@Test
	void adaptersKnowNothingOfTheAutoConfiguration() {
		ArchRuleDefinition.noClasses()
			.that()
			.resideInAnyPackage(ROOT + "redis..", ROOT + "webflux..", ROOT + "test..")
			.should()
			.dependOnClassesThat()
			.resideInAPackage(AUTO_CONFIGURATION)
			.check(ALL);
	}

	@Test
	void theAutoConfigurationHasNoCycles() {
		SlicesRuleDefinition.slices().matching(ROOT + "autoconfigure.(*)..").should().beFreeOfCycles().check(ALL);
	}

	@Test
	void thePropertiesKnowNothingOfThePartsThatTheyAreFor() {
		ArchRuleDefinition.noClasses()
			.that()
			.resideInAPackage(ROOT + "autoconfigure")
			.should()
			.dependOnClassesThat()
			.resideInAPackage(ROOT + "autoconfigure.*..")
			.check(ALL);
	}

}
