#include "console/hasher.h"

#include "lib/mem.h"
#include "lib/must.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct hasher {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct hash_job jobs[HASHES_WAITING_MAX]; /* a ring */
	size_t taken, hashed, asked; /* running numbers: given back <= hashed <= asked */
	bool stopping;
	int fd;
};

static struct hash_job *job_at(struct hasher *h, size_t number)
{
	return &h->jobs[number % HASHES_WAITING_MAX];
}

static void job_do(struct hash_job *job)
{
	job->ret_fits = password_verify(job->stored, slice_over(job->password, job->password_len));
	if (job->ret_fits && job->fresh_len)
		password_hash(slice_over(job->fresh, job->fresh_len), job->ret_hash);
}

static void job_wipe(struct hash_job *job)
{
	secret_wipe(job->password, sizeof job->password);
	secret_wipe(job->fresh, sizeof job->fresh);
}

static void *work(void *ctx)
{
	struct hasher *h = ctx;

	must(pthread_mutex_lock(&h->lock) == 0);
	for (;;) {
		while (!h->stopping && h->hashed == h->asked)
			must(pthread_cond_wait(&h->more, &h->lock) == 0);
		if (h->hashed == h->asked)
			break;
		struct hash_job *job = job_at(h, h->hashed);

		job->ret_refused = h->stopping;

		/* The place in the ring is ours until `hashed` moves past it. */
		must(pthread_mutex_unlock(&h->lock) == 0);
		if (!job->ret_refused)
			job_do(job);
		job_wipe(job);
		must(pthread_mutex_lock(&h->lock) == 0);
		h->hashed++;
		must(eventfd_write(h->fd, 1) == 0);
	}
	must(pthread_mutex_unlock(&h->lock) == 0);
	return NULL;
}

struct hasher *hasher_new(void)
{
	struct hasher *h = mem_alloc(sizeof *h);

	must(pthread_mutex_init(&h->lock, NULL) == 0);
	must(pthread_cond_init(&h->more, NULL) == 0);
	h->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	must(h->fd >= 0);
	must(pthread_create(&h->thread, NULL, work, h) == 0);
	return h;
}

void hasher_stop(struct hasher *h)
{
	must(pthread_mutex_lock(&h->lock) == 0);
	bool stopped = h->stopping;

	h->stopping = true;
	must(pthread_cond_signal(&h->more) == 0);
	must(pthread_mutex_unlock(&h->lock) == 0);
	if (!stopped)
		must(pthread_join(h->thread, NULL) == 0);
}

void hasher_free(struct hasher **h)
{
	if (!*h)
		return;
	hasher_stop(*h);
	(void)close((*h)->fd);
	must(pthread_mutex_destroy(&(*h)->lock) == 0);
	must(pthread_cond_destroy(&(*h)->more) == 0);
	mem_free(*h);
	*h = NULL;
}

int hasher_fd(const struct hasher *h)
{
	return h->fd;
}

bool hasher_check(struct hasher *h, const struct hash_job *job)
{
	must(pthread_mutex_lock(&h->lock) == 0);
	bool room = !h->stopping && h->asked - h->taken < HASHES_WAITING_MAX;

	if (room) {
		*job_at(h, h->asked) = *job;
		h->asked++;
		must(pthread_cond_signal(&h->more) == 0);
	}
	must(pthread_mutex_unlock(&h->lock) == 0);
	return room;
}

void hasher_done(struct hasher *h, hasher_done_fn *fn, void *ctx)
{
	eventfd_t ignored;

	(void)eventfd_read(h->fd, &ignored); /* EAGAIN: nothing new since the last call */
	must(pthread_mutex_lock(&h->lock) == 0);
	while (h->taken != h->hashed) {
		struct hash_job job = *job_at(h, h->taken);

		h->taken++;
		must(pthread_mutex_unlock(&h->lock) == 0);
		fn(ctx, &job);
		must(pthread_mutex_lock(&h->lock) == 0);
	}
	must(pthread_mutex_unlock(&h->lock) == 0);
}
