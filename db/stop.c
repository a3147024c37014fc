#include "db/stop.h"

#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <unistd.h>

static sigset_t stop_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    return signals;
}

bool stop_open(struct stop *stop)
{
    sigset_t signals = stop_signals();
    int fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0)
        return false;
    sigprocmask(SIG_BLOCK, &signals, NULL);
    *stop = (struct stop){.fd = fd};
    return true;
}

void stop_close(struct stop *stop)
{
    if (stop->fd < 0)
        return;
    sigset_t signals = stop_signals();
    stop_asked(stop); /* what was asked too late must not end the process now */
    sigprocmask(SIG_UNBLOCK, &signals, NULL);
    close(stop->fd);
    stop->fd = -1;
}

int stop_asked(struct stop *stop)
{
    struct signalfd_siginfo signal;
    if (!stop)
        return 0;
    while (read(stop->fd, &signal, sizeof signal) == (ssize_t)sizeof signal)
        stop->asked++;
    return stop->asked;
}

void stop_sleep(struct stop *stop, int ms)
{
    struct pollfd asking = {.fd = stop ? stop->fd : -1, .events = POLLIN};
    poll(&asking, 1, ms);
    stop_asked(stop);
}
