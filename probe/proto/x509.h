/* The few fields of an X.509 certificate (RFC 5280) that an event shows, by a walk over its DER
 * that never leaves the bytes and never allocates. Nothing is verified. */
#pragma once

#include "lib/slice.h"

enum { X509_NAME_MAX = 256 };

struct x509 {
	char subject[X509_NAME_MAX], issuer[X509_NAME_MAX]; /* "C=VN, O=…, CN=…", cut when longer */
	int64_t not_before_us, not_after_us;                /* since 1970; 0 when unreadable */
};

bool x509_read(struct slice der, struct x509 *ret);
