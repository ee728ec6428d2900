#include "courier/uuid.h"

#include "lib/buf.h"
#include "lib/digest.h"
#include "lib/mem.h"

#include <stdio.h>

void uuid_of_name(
	const uint8_t space[UUID_LEN], struct slice name, char ret_text[UUID_TEXT_LEN + 1])
{
	CLEANUP(buf_release) struct buf both = {0};
	uint8_t hash[SHA1_LEN];
	char hex[2 * UUID_LEN + 1];

	buf_add(&both, space, UUID_LEN);
	buf_add_slice(&both, name);
	digest_sha1(buf_slice(&both), hash);
	hash[6] = (uint8_t)((hash[6] & 0x0f) | 0x50); /* version 5 */
	hash[8] = (uint8_t)((hash[8] & 0x3f) | 0x80); /* variant of the RFC */
	digest_hex(hash, UUID_LEN, hex);
	(void)snprintf(ret_text, UUID_TEXT_LEN + 1, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8,
		hex + 12, hex + 16, hex + 20);
}
