#include "console/commands.h"

#include "console/alerts.h"
#include "console/audit.h"
#include "console/people.h"
#include "console/record.h"
#include "console/settings.h"
#include "lib/clock.h"
#include "lib/json_write.h"
#include "lib/mem.h"
#include "lib/program.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { WELL = 0, FAILED = 1, BAD_USE = 2 };

/* A command under way. */
struct task {
	struct arena *a;
	struct db *db;
	struct err err;
	int argc;
	char **argv;
	const char *role, *domains; /* NULL: not given */
	bool one_time;
	int64_t now_us;
};

static void task_release(struct task *t)
{
	db_close(&t->db);
	arena_free(&t->a);
}

static bool take_options(struct task *t)
{
	int kept = 0;

	for (int i = 0; i < t->argc; i++) {
		const char **value = strcmp(t->argv[i], "--role") == 0 ? &t->role
			: strcmp(t->argv[i], "--domains") == 0         ? &t->domains
								       : NULL;

		if (value && i + 1 == t->argc)
			return err_set(&t->err, NULL, 0, "%s needs a value", t->argv[i]);
		if (value)
			*value = t->argv[++i];
		else if (strcmp(t->argv[i], "--one-time") == 0)
			t->one_time = true;
		else if (t->argv[i][0] == '-')
			return err_set(&t->err, NULL, 0, "unknown option %s", t->argv[i]);
		else
			t->argv[kept++] = t->argv[i];
	}
	t->argc = kept;
	return true;
}

/* Reads options and configuration and opens the record. */
static bool task_begin(struct task *t, int argc, char **argv)
{
	static const struct program shape = {.name = "haidang-console", .schema = &console_schema};

	t->a = arena_new();
	t->now_us = clock_wall_us(clock_system());
	password_init();
	const struct console_settings *settings =
		program_options(&shape, t->a, &argc, argv, &t->err);

	t->argc = argc;
	t->argv = argv;
	if (!settings || !take_options(t))
		return false;
	t->db = record_open(console_record_path(settings, t->a), &t->err);
	return t->db != NULL;
}

static int complain(struct task *t)
{
	(void)fprintf(stderr, "haidang-console: %s\n", err_text(&t->err));
	return BAD_USE;
}

static bool commit(struct task *t)
{
	if (db_end(t->db) == 0)
		return true;
	return err_set(&t->err, NULL, 0, "the record failed: %s", db_said(t->db));
}

static void audit_user(struct task *t, const char *action, const char *name)
{
	CLEANUP(buf_release) struct buf detail = {0};
	struct json_writer w = json_writer_on(&detail);

	json_begin_object(&w);
	json_key(&w, "user");
	json_text(&w, slice_of(name));
	if (t->role) {
		json_key(&w, "role");
		json_text(&w, slice_of(t->role));
	}
	if (t->domains) {
		json_key(&w, "domains");
		json_text(&w, slice_of(t->domains));
	}
	json_end_object(&w);
	audit_append(t->db,
		&(struct audit_entry){.at_us = t->now_us,
			.actor = SLICE("(command line)"),
			.action = slice_of(action),
			.detail = buf_slice(&detail)});
}

/* One line, without echo from a terminal. */
static bool read_password(struct task *t, char *ret, size_t room)
{
	struct termios before, quiet;
	bool terminal = tcgetattr(STDIN_FILENO, &before) == 0;

	if (terminal) {
		quiet = before;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		(void)fputs("Password: ", stderr);
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	}
	bool well = fgets(ret, (int)room, stdin) != NULL;

	if (terminal) {
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
		(void)fputc('\n', stderr);
	}
	if (!well)
		return err_set(&t->err, NULL, 0, "no password on the standard input");
	ret[strcspn(ret, "\r\n")] = '\0';
	return true;
}

/* The hash of a new password: made here and printed once, or read from the standard input. */
static bool make_password(struct task *t, const char *name, char ret_hash[PASSWORD_HASH_MAX])
{
	char password[PASSWORD_LEN_MAX + 3];
	const char *fault = NULL;

	if (t->one_time) {
		password_one_time(password);
		(void)printf("%s\n", password);
	} else {
		if (!read_password(t, password, sizeof password))
			return false;
		fault = password_fault(slice_of(password), slice_of(name));
	}
	if (!fault)
		password_hash(slice_of(password), ret_hash);
	secret_wipe(password, sizeof password);
	if (fault)
		return err_set(&t->err, NULL, 0,
			"%s: a password has %d to %d bytes, some variety, and not the name in it",
			fault, PASSWORD_LEN_MIN, PASSWORD_LEN_MAX);
	return true;
}

static bool read_domains(struct task *t, enum role role, unsigned *ret)
{
	struct slice rest = slice_of(t->domains), name;
	bool network = false, information = false;

	while (slice_cut(&rest, ',', &name)) {
		if (slice_is(name, "network"))
			network = true;
		else if (slice_is(name, "information"))
			information = true;
		else
			return err_set(&t->err, NULL, 0,
				"--domains: \"%.*s\" is neither network nor information",
				SLICE_ARG(name));
	}
	*ret = alerts_visible(network, information);
	if (*ret == 0 && role != ROLE_ADMIN && role != ROLE_AUDITOR)
		return err_set(&t->err, NULL, 0,
			"--domains network,information: this role needs at least one");
	return true;
}

static bool user_add(struct task *t, const char *name)
{
	struct person person = {.must_change = t->one_time};

	if (!person_name_is_valid(slice_of(name)))
		return err_set(&t->err, NULL, 0,
			"\"%s\": a name has 1 to %d letters, digits, '.', '-' or '_'", name,
			NAME_LEN_MAX);
	if (!t->role || !role_read(slice_of(t->role), &person.role))
		return err_set(&t->err, NULL, 0,
			"--role: expected viewer, analyst, lead, admin or auditor");
	if (!read_domains(t, person.role, &person.visible))
		return false;

	struct person known;

	db_begin(t->db, DB_READ);
	bool taken = person_find(t->db, slice_of(name), &known);

	if (!commit(t))
		return false;
	if (taken)
		return err_set(&t->err, NULL, 0, "there is a user %s already", name);
	memcpy(person.name, name, strlen(name));
	if (!make_password(t, name, person.hash))
		return false;
	db_begin(t->db, DB_WRITE);
	if (!person_add(t->db, &person, t->now_us))
		err_set(&t->err, NULL, 0, "there is a user %s already", name);
	else
		audit_user(t, "user_add", name);
	return commit(t) && !err_is_set(&t->err);
}

static bool user_find(struct task *t, const char *name, struct person *ret)
{
	db_begin(t->db, DB_READ);
	bool found = person_find(t->db, slice_of(name), ret);

	return commit(t) && (found || err_set(&t->err, NULL, 0, "there is no user %s", name));
}

static bool user_password(struct task *t, const char *name)
{
	struct person person;
	char hash[PASSWORD_HASH_MAX];

	if (!user_find(t, name, &person) || !make_password(t, name, hash))
		return false;
	db_begin(t->db, DB_WRITE);
	person_set_password(t->db, person.id, hash, t->one_time);
	audit_user(t, "user_password", name);
	return commit(t);
}

static bool user_disable(struct task *t, const char *name)
{
	struct person person;

	if (!user_find(t, name, &person))
		return false;
	db_begin(t->db, DB_WRITE);
	person_disable(t->db, person.id);
	audit_user(t, "user_disable", name);
	return commit(t);
}

static bool user_list(struct task *t, const char *name)
{
	(void)name;
	db_begin(t->db, DB_READ);
	{
		CLEANUP(query_end)
		struct query *q = db_query(t->db,
			"SELECT name, role, domains, must_change, disabled FROM user ORDER BY name",
			DB_NOTHING);

		while (query_next(q)) {
			unsigned domains = (unsigned)query_int(q, 2);

			(void)printf("%.*s %s %s%s%s%s%s\n", SLICE_ARG(query_bytes(q, 0)),
				role_name((enum role)query_int(q, 1)),
				domains & 1U << ALERT_NETWORK ? "network" : "",
				(domains & alerts_visible(true, true)) == alerts_visible(true, true)
					? ","
					: "",
				domains & 1U << ALERT_INFORMATION ? "information" : "",
				query_int(q, 3) ? " must-change-password" : "",
				query_int(q, 4) ? " disabled" : "");
		}
	}
	return commit(t);
}

static const struct {
	const char *name;
	int arguments;
	bool (*run)(struct task *t, const char *user);
} user_tasks[] = {
	{"add", 1, user_add},
	{"list", 0, user_list},
	{"password", 1, user_password},
	{"disable", 1, user_disable},
};

int command_user(int argc, char **argv)
{
	CLEANUP(task_release) struct task t = {0};

	if (!task_begin(&t, argc, argv))
		return complain(&t);
	for (size_t i = 0; i < sizeof user_tasks / sizeof *user_tasks; i++) {
		if (t.argc != 2 + user_tasks[i].arguments ||
			strcmp(t.argv[1], user_tasks[i].name) != 0)
			continue;
		return user_tasks[i].run(&t, user_tasks[i].arguments ? t.argv[2] : NULL)
			? WELL
			: complain(&t);
	}
	err_set(&t.err, NULL, 0, "user: expected add NAME, list, password NAME or disable NAME");
	return complain(&t);
}

int command_audit(int argc, char **argv)
{
	CLEANUP(task_release) struct task t = {0};
	struct audit_report report;

	if (!task_begin(&t, argc, argv))
		return complain(&t);
	if (t.argc < 2 || t.argc > 3 || strcmp(t.argv[1], "verify") != 0) {
		err_set(&t.err, NULL, 0, "audit: expected verify [HEAD]");
		return complain(&t);
	}
	db_begin(t.db, DB_READ);
	bool whole = audit_verify(t.db, slice_of(t.argc > 2 ? t.argv[2] : NULL), &report, &t.err);

	if (!commit(&t))
		return complain(&t);
	if (!whole) {
		(void)complain(&t);
		return FAILED;
	}
	(void)printf("%llu entries, head %s\n", (unsigned long long)report.count, report.head);
	return WELL;
}
