/* A disk whose flush takes at least so long: loaded before libc (LD_PRELOAD), it makes fsync and fdatasync wait.
 *
 * How long, in nanoseconds, stands in the eight bytes of the file that SLOW_DISK names; they are read at each call, so that servers that
 * run can be measured on both disks. Without the file nothing waits. A thread that waits uses no processor, as with a real disk.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static volatile const int64_t *least;
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);

__attribute__((constructor)) static void begin(void)
{
    const char *name = getenv("SLOW_DISK");
    int file = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    real_fsync = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    if (file >= 0) {
        void *seen = mmap(NULL, sizeof *least, PROT_READ, MAP_SHARED, file, 0);
        least = seen == MAP_FAILED ? NULL : seen;
        close(file);
    }
}

static int flush(int (*real)(int), int file)
{
    struct timespec until;
    int64_t wait = least ? *least : 0;
    int result, seen;
    if (wait <= 0)
        return real(file);
    clock_gettime(CLOCK_MONOTONIC, &until);
    result = real(file);
    seen = errno;
    wait += until.tv_nsec;
    until.tv_sec += wait / 1000000000;
    until.tv_nsec = wait % 1000000000;
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
        ;
    errno = seen;
    return result;
}

int fsync(int file)
{
    return flush(real_fsync, file);
}

int fdatasync(int file)
{
    return flush(real_fdatasync, file);
}
