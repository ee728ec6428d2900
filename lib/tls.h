/* TLS 1.2 or later, through GnuTLS, over a socket that does not block. The only module that knows
 * GnuTLS.
 *
 *     struct tls *t = tls_new(credentials, fd, "logs.example.vn");
 *     while ((status = tls_handshake(t)) == TLS_AGAIN)
 *             poll for tls_wants(t);
 *
 * As a client the other side's certificate is always verified: chain, dates, and that it is for that
 * host. As a server one is asked for, and then required, when the credentials name authorities. */
#pragma once

#include "lib/err.h"
#include "lib/slice.h"

struct tls_credentials;
struct tls;

/* `ca_file` "": the system's authorities; `cert_file` "": no certificate of our own. NULL with an
 * error when a file is of no use. */
struct tls_credentials *tls_credentials_new(
	const char *ca_file, const char *cert_file, const char *key_file, struct err *err);
void tls_credentials_free(struct tls_credentials **credentials);

struct tls *tls_new(const struct tls_credentials *credentials, int fd, const char *host);

/* The server's: `ca_file` "" asks clients for no certificate. */
struct tls_credentials *tls_server_credentials_new(
	const char *ca_file, const char *cert_file, const char *key_file, struct err *err);
struct tls *tls_accept(const struct tls_credentials *credentials, int fd);
void tls_free(struct tls **t); /* says nothing to the other side; the socket stays open */

enum tls_status { TLS_DONE, TLS_AGAIN, TLS_ENDED, TLS_FAILED };

enum tls_status tls_handshake(struct tls *t);

/* After TLS_AGAIN the same bytes are to be given again. */
enum tls_status tls_write(struct tls *t, struct slice bytes, size_t *ret_written);

/* At most `room` bytes. TLS_ENDED after the other side's close_notify. */
enum tls_status tls_read(struct tls *t, void *ret_bytes, size_t room, size_t *ret_len);

/* Whether tls_read() would give something without anything new from the socket. */
bool tls_holds_more(const struct tls *t);

/* Sends close_notify; the other side may still speak. */
enum tls_status tls_finish(struct tls *t);

short tls_wants(const struct tls *t); /* POLLIN or POLLOUT, after TLS_AGAIN */
const char *tls_said(const struct tls *t);
