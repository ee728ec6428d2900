#include "lib/tls.h"

#include "lib/mem.h"
#include "lib/must.h"

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

enum { SAID_MAX = 200 };

static const char priorities[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";

struct tls_credentials {
	gnutls_certificate_credentials_t certificates;
	bool asks; /* a server: for the client's certificate */
};

struct tls {
	gnutls_session_t session;
	bool write_pending; /* GnuTLS holds bytes it could not send */
	char said[SAID_MAX];
};

static bool trust(struct tls_credentials *c, const char *ca_file, struct err *err)
{
	int count = ca_file[0] ? gnutls_certificate_set_x509_trust_file(
					 c->certificates, ca_file, GNUTLS_X509_FMT_PEM)
			       : gnutls_certificate_set_x509_system_trust(c->certificates);

	if (count < 0)
		return err_set(err, ca_file[0] ? ca_file : NULL, 0, "authorities to trust: %s",
			gnutls_strerror(count));
	if (count == 0)
		return err_set(err, ca_file[0] ? ca_file : NULL, 0, "no authority to trust");
	return true;
}

static struct tls_credentials *credentials_new(
	const char *cert_file, const char *key_file, struct err *err)
{
	struct tls_credentials *c = mem_alloc(sizeof(*c));
	int failed = 0;

	must(gnutls_certificate_allocate_credentials(&c->certificates) == 0);
	if (cert_file[0])
		failed = gnutls_certificate_set_x509_key_file(
			c->certificates, cert_file, key_file, GNUTLS_X509_FMT_PEM);
	if (failed == 0)
		return c;
	(void)err_set(err, cert_file, 0, "certificate with key %s: %s", key_file,
		gnutls_strerror(failed));
	tls_credentials_free(&c);
	return NULL;
}

struct tls_credentials *tls_credentials_new(
	const char *ca_file, const char *cert_file, const char *key_file, struct err *err)
{
	struct tls_credentials *c = credentials_new(cert_file, key_file, err);

	if (c && !trust(c, ca_file, err))
		tls_credentials_free(&c);
	return c;
}

struct tls_credentials *tls_server_credentials_new(
	const char *ca_file, const char *cert_file, const char *key_file, struct err *err)
{
	struct tls_credentials *c = credentials_new(cert_file, key_file, err);

	if (!c)
		return NULL;
	c->asks = ca_file[0] != '\0';
	if (c->asks && !trust(c, ca_file, err))
		tls_credentials_free(&c);
	return c;
}

void tls_credentials_free(struct tls_credentials **credentials)
{
	if (!*credentials)
		return;
	gnutls_certificate_free_credentials((*credentials)->certificates);
	mem_free(*credentials);
	*credentials = NULL;
}

static bool is_name(const char *host)
{
	struct in6_addr address;

	return inet_pton(AF_INET, host, &address) != 1 && inet_pton(AF_INET6, host, &address) != 1;
}

static struct tls *session_new(const struct tls_credentials *credentials, int fd, unsigned side)
{
	struct tls *t = mem_alloc(sizeof(*t));

	must(gnutls_init(&t->session, side | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) == 0);
	must(gnutls_priority_set_direct(t->session, priorities, NULL) == 0);
	must(gnutls_credentials_set(
		     t->session, GNUTLS_CRD_CERTIFICATE, credentials->certificates) == 0);
	gnutls_transport_set_int(t->session, fd);
	return t;
}

struct tls *tls_new(const struct tls_credentials *credentials, int fd, const char *host)
{
	struct tls *t = session_new(credentials, fd, GNUTLS_CLIENT);

	if (is_name(host)) /* RFC 6066 §3: no addresses there */
		must(gnutls_server_name_set(t->session, GNUTLS_NAME_DNS, host, strlen(host)) == 0);
	gnutls_session_set_verify_cert(t->session, host, 0);
	return t;
}

struct tls *tls_accept(const struct tls_credentials *credentials, int fd)
{
	struct tls *t = session_new(credentials, fd, GNUTLS_SERVER);

	if (credentials->asks) {
		gnutls_certificate_server_set_request(t->session, GNUTLS_CERT_REQUIRE);
		gnutls_session_set_verify_cert(t->session, NULL, 0);
	}
	return t;
}

void tls_free(struct tls **t)
{
	if (!*t)
		return;
	gnutls_deinit((*t)->session);
	mem_free(*t);
	*t = NULL;
}

static void say_untrusted(struct tls *t)
{
	gnutls_datum_t why = {0};
	unsigned status = gnutls_session_get_verify_cert_status(t->session);

	must(gnutls_certificate_verification_status_print(status,
		     gnutls_certificate_type_get2(t->session, GNUTLS_CTYPE_SERVER), &why, 0) == 0);
	(void)snprintf(t->said, sizeof(t->said), "%s", (const char *)why.data);
	gnutls_free(why.data);
}

static enum tls_status fail(struct tls *t, ssize_t code)
{
	if (code == GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR)
		say_untrusted(t);
	else if (code == GNUTLS_E_FATAL_ALERT_RECEIVED)
		(void)snprintf(t->said, sizeof(t->said), "the other side refused by TLS alert: %s",
			gnutls_alert_get_name(gnutls_alert_get(t->session)));
	else
		(void)snprintf(t->said, sizeof(t->said), "TLS: %s", gnutls_strerror((int)code));
	return TLS_FAILED;
}

static bool is_passing(ssize_t code)
{
	return code == GNUTLS_E_AGAIN || code == GNUTLS_E_INTERRUPTED ||
		code == GNUTLS_E_WARNING_ALERT_RECEIVED;
}

enum tls_status tls_handshake(struct tls *t)
{
	int code = gnutls_handshake(t->session);

	if (code == GNUTLS_E_SUCCESS)
		return TLS_DONE;
	return is_passing(code) ? TLS_AGAIN : fail(t, code);
}

enum tls_status tls_write(struct tls *t, struct slice bytes, size_t *ret_written)
{
	/* GnuTLS keeps the bytes it could not send, and asks for none when called again. */
	ssize_t code = t->write_pending ? gnutls_record_send(t->session, NULL, 0)
					: gnutls_record_send(t->session, bytes.at, bytes.len);

	*ret_written = code > 0 ? (size_t)code : 0;
	t->write_pending = is_passing(code);
	if (code >= 0)
		return TLS_DONE;
	return t->write_pending ? TLS_AGAIN : fail(t, code);
}

enum tls_status tls_read(struct tls *t, void *ret_bytes, size_t room, size_t *ret_len)
{
	ssize_t code = gnutls_record_recv(t->session, ret_bytes, room);

	*ret_len = code > 0 ? (size_t)code : 0;
	if (code > 0)
		return TLS_DONE;
	if (code == 0)
		return TLS_ENDED;
	return is_passing(code) ? TLS_AGAIN : fail(t, code);
}

bool tls_holds_more(const struct tls *t)
{
	return gnutls_record_check_pending(t->session) > 0;
}

enum tls_status tls_finish(struct tls *t)
{
	int code = gnutls_bye(t->session, GNUTLS_SHUT_WR);

	if (code == GNUTLS_E_SUCCESS)
		return TLS_DONE;
	return is_passing(code) ? TLS_AGAIN : fail(t, code);
}

short tls_wants(const struct tls *t)
{
	return gnutls_record_get_direction(t->session) ? POLLOUT : POLLIN;
}

const char *tls_said(const struct tls *t)
{
	return t->said;
}
