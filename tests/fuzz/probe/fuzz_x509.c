#include "lib/must.h"
#include "probe/proto/x509.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct x509 c;

	(void)x509_read(slice_over(data, len), &c);
	must(strlen(c.subject) < X509_NAME_MAX && strlen(c.issuer) < X509_NAME_MAX);
	return 0;
}
