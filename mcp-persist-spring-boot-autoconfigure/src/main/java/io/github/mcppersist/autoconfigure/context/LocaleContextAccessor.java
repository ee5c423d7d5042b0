package io.github.mcppersist.autoconfigure.context;

import java.util.TimeZone;

import io.micrometer.context.ThreadLocalAccessor;
import org.jspecify.annotations.Nullable;
import org.springframework.context.i18n.LocaleContext;
import org.springframework.context.i18n.LocaleContextHolder;
import org.springframework.context.i18n.LocaleContextThreadLocalAccessor;
import org.springframework.context.i18n.SimpleLocaleContext;
import org.springframework.context.i18n.SimpleTimeZoneAwareLocaleContext;
import org.springframework.context.i18n.TimeZoneAwareLocaleContext;

/**
 * Captures the locale and time zone themselves. Spring's own accessor captures the
 * context, and that of the {@code DispatcherServlet} asks the request, which may be over.
 */
final class LocaleContextAccessor implements ThreadLocalAccessor<LocaleContext> {

	@Override
	public Object key() {
		return LocaleContextThreadLocalAccessor.KEY;
	}

	@Override
	public @Nullable LocaleContext getValue() {
		LocaleContext context = LocaleContextHolder.getLocaleContext();
		if (context == null) {
			return null;
		}
		TimeZone timeZone = (context instanceof TimeZoneAwareLocaleContext zoned) ? zoned.getTimeZone() : null;
		return (timeZone != null) ? new SimpleTimeZoneAwareLocaleContext(context.getLocale(), timeZone)
				: new SimpleLocaleContext(context.getLocale());
	}

	@Override
	public void setValue(LocaleContext value) {
		LocaleContextHolder.setLocaleContext(value);
	}

	@Override
	public void setValue() {
		LocaleContextHolder.resetLocaleContext();
	}

}
