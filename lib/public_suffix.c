#include "lib/public_suffix.h"

#include <arpa/inet.h>
#include <libpsl.h>
#include <string.h>

enum { HOST_LEN_MAX = 253 };

bool public_suffix_is_address(struct slice host)
{
	char text[INET6_ADDRSTRLEN + 1];
	unsigned char address[sizeof(struct in6_addr)];

	if (host.len > 2 && host.at[0] == '[' && host.at[host.len - 1] == ']')
		host = slice_over(host.at + 1, host.len - 2);
	if (host.len == 0 || host.len >= sizeof text)
		return false;
	memcpy(text, host.at, host.len);
	text[host.len] = '\0';
	return inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1;
}

struct slice public_suffix_domain(struct slice host)
{
	char text[HOST_LEN_MAX + 1];

	if (host.len > 0 && host.at[host.len - 1] == '.')
		host.len--;
	if (host.len == 0 || host.len > HOST_LEN_MAX || public_suffix_is_address(host))
		return (struct slice){0};
	for (size_t i = 0; i < host.len; i++)
		text[i] = (char)(host.at[i] >= 'A' && host.at[i] <= 'Z' ? host.at[i] + 32
									: host.at[i]);
	text[host.len] = '\0';
	if (strlen(text) != host.len)
		return (struct slice){0};
	const char *found = psl_registrable_domain(psl_builtin(), text);
	return found == NULL ? (struct slice){0} : slice_from(host, (size_t)(found - text));
}
