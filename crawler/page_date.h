/* When a page says it was published: every element is shown to it, then it chooses. What is in the
 * page for machines comes first (meta, JSON-LD), then the address, then what stands beside the
 * title for readers; a date of change serves only where there is no other.
 *
 *     struct page_dates d = {.now_us = now, .body = body};
 *     page_date_see(&d, a, node);          (for each node, in document order)
 *     page.published = page_date_choose(&d, url); */
#pragma once

#include "crawler/date.h"
#include "crawler/html.h"
#include "crawler/url.h"

enum page_date_from {
	PAGE_DATE_META,
	PAGE_DATE_JSON,
	PAGE_DATE_PUBLISHED, /* an element that is named so */
	PAGE_DATE_TIME,
	PAGE_DATE_CLASS,
	PAGE_DATE_LABEL,  /* a text that says so: "Ngày đăng: …" */
	PAGE_DATE_TEXT,   /* a short text that is a date */
	PAGE_DATE_SCRIPT, /* a value of JSON for the page's own scripts */
	PAGE_DATE_CHANGED,
	PAGE_DATE_FOOTER, /* "Stand: …" below everything */
	PAGE_DATE_LONG,   /* within a sentence */
	PAGE_DATE_IMAGE,  /* in the address of the page's picture */
	PAGE_DATE_KINDS
};

enum { PAGE_DATE_DAYS = 32 };

struct page_dates {
	int64_t now_us;
	const struct html_node *body; /* of the article; may be NULL */
	bool titled;                  /* below the headline, near to it */
	size_t title_at, at;
	struct date found[PAGE_DATE_KINDS];
	bool below_title[PAGE_DATE_KINDS];
	size_t found_at[PAGE_DATE_KINDS];
	struct {
		struct date day;
		unsigned count;
	} said[PAGE_DATE_DAYS]; /* days in the text, how often */
	size_t said_count;
};

void page_date_see(struct page_dates *d, struct arena *a, const struct html_node *n);
struct date page_date_choose(const struct page_dates *d, const struct url *url);
