#include "courier/answer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const struct {
	int status;
	enum verdict verdict;
	const char *words;
} statuses[] = {
	{400, VERDICT_REFUSED, "it does not understand the request"},
	{401, VERDICT_RETRY, "it does not accept the signature; compare the secrets on both sides"},
	{403, VERDICT_RETRY,
		"it forbids us to send; it may not accept the signature or our address"},
	{404, VERDICT_RETRY, "it knows no such address; check the path of the url"},
	{405, VERDICT_RETRY, "it takes no POST at this address; check the path of the url"},
	{407, VERDICT_RETRY, "a proxy on the way wants credentials"},
	{408, VERDICT_RETRY, "it waited too long for the request"},
	{410, VERDICT_GONE, "it says that this address is closed for good"},
	{411, VERDICT_RETRY, "it misread the request"},
	{413, VERDICT_REFUSED, "the alert is too large for it"},
	{415, VERDICT_RETRY, "it does not take application/cloudevents+json"},
	{421, VERDICT_RETRY, "it is not the server of that name"},
	{425, VERDICT_RETRY, "it wants the request again later"},
	{426, VERDICT_RETRY, "it wants another protocol"},
	{429, VERDICT_RETRY, "it is sent too much; slower from now on"},
	{451, VERDICT_RETRY, "it may not take alerts for legal reasons"},
	{500, VERDICT_RETRY, "it failed inside"},
	{502, VERDICT_RETRY, "the gateway does not reach the server behind it"},
	{503, VERDICT_RETRY, "it is not ready"},
	{504, VERDICT_RETRY, "the server behind the gateway does not answer"},
};

enum { STATUS_COUNT = sizeof(statuses) / sizeof(statuses[0]) };

void answer_say(struct answer *answer, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(answer->said, sizeof(answer->said), format, args);
	va_end(args);
}

enum verdict answer_verdict(int http_status)
{
	if (http_status >= 200 && http_status < 300)
		return VERDICT_DELIVERED;
	for (size_t i = 0; i < STATUS_COUNT; i++)
		if (statuses[i].status == http_status)
			return statuses[i].verdict;
	return http_status >= 400 && http_status < 500 ? VERDICT_REFUSED : VERDICT_RETRY;
}

const char *answer_words(int http_status)
{
	for (size_t i = 0; i < STATUS_COUNT; i++)
		if (statuses[i].status == http_status)
			return statuses[i].words;
	if (http_status >= 200 && http_status < 300)
		return "it took the alert";
	if (http_status >= 300 && http_status < 400)
		return "it points to another address, which is never followed; change the url";
	return http_status >= 500 ? "it failed inside" : "it refuses the request";
}

/* Seconds since 1970, or -1. */
static int64_t date_read(const char *text)
{
	static const char *const forms[] = {
		"%a, %d %b %Y %H:%M:%S GMT", /* IMF-fixdate */
		"%A, %d-%b-%y %H:%M:%S GMT", /* RFC 850 */
		"%a %b %e %H:%M:%S %Y",      /* asctime() */
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct tm tm = {0};
		const char *end = strptime(text, forms[i], &tm);

		if (end && !*end)
			return timegm(&tm);
	}
	return -1;
}

static int64_t bounded_ms(uint64_t seconds)
{
	return seconds < RETRY_AFTER_MAX_MS / 1000 ? (int64_t)seconds * 1000 : RETRY_AFTER_MAX_MS;
}

int64_t answer_retry_after_ms(struct slice value, int64_t wall_us)
{
	char text[RETRY_AFTER_LEN_MAX + 1] = {0};
	uint64_t seconds;

	value = slice_trim(value);
	if (slice_to_u64(value, &seconds))
		return bounded_ms(seconds);
	if (value.len == 0 || value.len > RETRY_AFTER_LEN_MAX)
		return 0;
	memcpy(text, value.at, value.len);
	int64_t date = date_read(text), now = wall_us / 1000000;

	return date > now ? bounded_ms((uint64_t)(date - now)) : 0;
}
