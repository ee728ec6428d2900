#include "courier/secret.h"
#include "lib/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct secrets secrets;
	struct err err = {0};

	if (secrets_read("secrets", slice_over(data, len), &secrets, &err))
		must(secrets.count > 0 && secrets.count <= SECRETS_MAX && !err_is_set(&err));
	else
		must(err_is_set(&err));
	return 0;
}
