package io.github.mcppersist.stream;

import java.lang.reflect.Method;
import java.util.concurrent.atomic.AtomicReference;

import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;

/**
 * Runs the tests of what belongs to a mailbox inside of it.
 */
final class InMailbox implements InvocationInterceptor {

	private final Mailbox mailbox = new Mailbox();

	Mailbox mailbox() {
		return this.mailbox;
	}

	@Override
	public void interceptTestMethod(Invocation<Void> test, ReflectiveInvocationContext<Method> method,
			ExtensionContext context) throws Throwable {
		run(test);
	}

	@Override
	public void interceptTestTemplateMethod(Invocation<Void> test, ReflectiveInvocationContext<Method> method,
			ExtensionContext context) throws Throwable {
		run(test);
	}

	private void run(Invocation<Void> test) throws Throwable {
		AtomicReference<Throwable> failure = new AtomicReference<>();
		this.mailbox.execute(() -> {
			try {
				test.proceed();
			}
			catch (Throwable ex) {
				failure.set(ex);
			}
		});
		if (failure.get() != null) {
			throw failure.get();
		}
	}

}
