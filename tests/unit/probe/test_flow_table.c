#include "probe/flow_table.h"
#include "tests/unit/test.h"

#include <string.h>

#define SECOND INT64_C(1000000)

enum { ROOM = 64 };

static const uint64_t seed[6] = {1, 2, 3, 4, 5, 6};

static struct flow_table *table_new(void)
{
	struct flow_table *t =
		flow_table_new(ROOM * (sizeof(struct flow) + 2 * sizeof(uint32_t)), seed);

	flow_table_restart(t, 1000 * SECOND);
	return t;
}

static struct packet packet_between(uint8_t src, uint16_t src_port, uint8_t dst, uint16_t dst_port)
{
	return (struct packet){
		.src = address_v4((const uint8_t[]){10, 0, 0, src}),
		.dst = address_v4((const uint8_t[]){10, 0, 0, dst}),
		.src_port = src_port,
		.dst_port = dst_port,
		.proto = PROTO_TCP,
	};
}

static struct flow_key key_number(uint16_t number)
{
	struct packet p = packet_between(1, number, 2, 80);
	unsigned source;

	return flow_key_of(&p, &source);
}

static void both_directions_have_one_key(void **state)
{
	struct packet there = packet_between(1, 4000, 2, 80), back = packet_between(2, 80, 1, 4000);
	unsigned source_there, source_back;
	struct flow_key a = flow_key_of(&there, &source_there);
	struct flow_key b = flow_key_of(&back, &source_back);

	(void)state;
	assert_memory_equal(&a, &b, sizeof a);
	assert_int_not_equal(source_there, source_back);
	assert_int_equal(flow_id_of(&a, 7), flow_id_of(&b, 7));
	assert_int_not_equal(flow_id_of(&a, 7), flow_id_of(&a, 8));
	assert_true(flow_id_of(&a, 7) < UINT64_C(1) << 51);
}

static void transport_and_vlan_tell_flows_apart(void **state)
{
	struct packet p = packet_between(1, 4000, 2, 80), q = p, r = p;
	unsigned source;

	(void)state;
	q.proto = PROTO_UDP;
	r.vlan[0] = 5;

	struct flow_key a = flow_key_of(&p, &source), b = flow_key_of(&q, &source),
			c = flow_key_of(&r, &source);
	struct flow_table *t = table_new();
	struct flow *f = flow_add(t, &a, 0);
	assert_ptr_equal(flow_find(t, &a), f);
	assert_null(flow_find(t, &b));
	assert_null(flow_find(t, &c));
	assert_int_equal(flow_key_proto(&b), PROTO_UDP);
	flow_table_free(&t);
}

static void a_full_table_refuses_and_names_a_victim(void **state)
{
	struct flow_table *t = table_new();
	int64_t now = 1000 * SECOND;
	uint16_t number = 0;
	struct flow_key key;
	struct flow *f;

	(void)state;
	for (;; number++) {
		key = key_number(number);
		f = flow_add(t, &key, now);
		if (!f)
			break;
		flow_arm(t, f, now + (number == 9 ? 2 : 300) * SECOND);
	}
	assert_int_equal(flow_table_count(t), flow_table_room(t));
	f = flow_victim(t);
	key = key_number(9);
	assert_memory_equal(&f->key, &key, sizeof key);
	flow_remove(t, f);
	key = key_number(number);
	assert_non_null(flow_add(t, &key, now));
	flow_table_free(&t);
}

static void flows_are_found_after_others_went(void **state)
{
	struct flow_table *t = table_new();

	(void)state;
	for (unsigned i = 0; i < ROOM; i++) {
		struct flow_key key = key_number((uint16_t)i);

		flow_arm(t, flow_add(t, &key, 0), 0);
	}
	for (unsigned i = 0; i < ROOM; i += 2) {
		struct flow_key key = key_number((uint16_t)i);

		flow_remove(t, flow_find(t, &key));
	}
	for (unsigned i = 0; i < ROOM; i++) {
		struct flow_key key = key_number((uint16_t)i);

		assert_int_equal(flow_find(t, &key) != NULL, i % 2);
	}
	flow_table_free(&t);
}

/* Lets time pass until `f` is due at `when` or ten seconds after; when that was. */
static int64_t wait_for(struct flow_table *t, const struct flow *f, int64_t now, int64_t when)
{
	for (; now < when + 10 * SECOND; now += 50000) {
		struct flow *due = flow_due(t, now);

		if (!due)
			continue;
		assert_ptr_equal(due, f);
		if (now >= when)
			break;
		flow_arm(t, due, when); /* beyond the wheel it comes early */
	}
	return now;
}

static void a_flow_comes_due_once_within_a_tick(void **state)
{
	static const int64_t delays[] = {0, 1, SECOND, 5 * SECOND, 300 * SECOND, 5000 * SECOND};
	int64_t start = 1000 * SECOND;

	(void)state;
	for (size_t i = 0; i < sizeof delays / sizeof delays[0]; i++) {
		struct flow_table *t = table_new();
		struct flow_key key = key_number(1);
		struct flow *f = flow_add(t, &key, start);
		int64_t when = start + delays[i], now;

		flow_arm(t, f, when);
		now = wait_for(t, f, start, when);
		assert_true(now - when < SECOND);
		assert_null(flow_due(t, now));
		flow_table_free(&t);
	}
}

static void a_leap_of_time_brings_all_flows(void **state)
{
	struct flow_table *t = table_new();
	int64_t now = 1000 * SECOND, later = now + 1000000 * SECOND;
	unsigned count = 0;

	(void)state;
	for (unsigned i = 0; i < ROOM; i++) {
		struct flow_key key = key_number((uint16_t)i);

		flow_arm(t, flow_add(t, &key, now), now + i * (20 * SECOND));
	}
	for (struct flow *f; (f = flow_due(t, later)); count++)
		flow_remove(t, f);
	assert_int_equal(count, ROOM);
	flow_table_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_directions_have_one_key),
		cmocka_unit_test(transport_and_vlan_tell_flows_apart),
		cmocka_unit_test(a_full_table_refuses_and_names_a_victim),
		cmocka_unit_test(flows_are_found_after_others_went),
		cmocka_unit_test(a_flow_comes_due_once_within_a_tick),
		cmocka_unit_test(a_leap_of_time_brings_all_flows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
