#include "courier/class.h"

const char *const class_names[CLASS_COUNT + 1] = {
	"phishing", "impersonation", "malicious_app", "data_leak", NULL};

static const struct {
	const char *tag; /* it, and what it has below it: attack.t1566 and attack.t1566.002 */
	enum alert_class class;
} tags[] = {
	{"haidang.phishing", CLASS_PHISHING},
	{"attack.t1566", CLASS_PHISHING},
	{"attack.t1598", CLASS_PHISHING},
	{"haidang.impersonation", CLASS_IMPERSONATION},
	{"attack.t1656", CLASS_IMPERSONATION},
	{"attack.t1583.001", CLASS_IMPERSONATION}, /* look-alike domains */
	{"haidang.malicious-app", CLASS_MALICIOUS_APP},
	{"attack.t1660", CLASS_MALICIOUS_APP},
	{"attack.t1453", CLASS_MALICIOUS_APP},
	{"haidang.data-leak", CLASS_DATA_LEAK},
	{"attack.t1048", CLASS_DATA_LEAK},
	{"attack.t1567", CLASS_DATA_LEAK},
	{"attack.t1213", CLASS_DATA_LEAK},
};

static bool is_below(struct slice tag, struct slice top)
{
	return slice_starts(tag, top) && (tag.len == top.len || tag.at[top.len] == '.');
}

unsigned class_of(const struct alert *alert)
{
	unsigned classes = 0;

	for (size_t i = 0; i < alert->rule.tag_count; i++)
		for (size_t k = 0; k < sizeof(tags) / sizeof(*tags); k++)
			if (is_below(alert->rule.tags[i], slice_of(tags[k].tag)))
				classes |= 1U << tags[k].class;
	return classes;
}
