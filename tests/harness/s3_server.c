#include "tests/harness/s3_server.h"

#include "tests/harness/die.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE_MS = 60 * 1000 };

static void server_run(const struct s3_server *server, int input, int output)
{
    dup2(input, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    /* s3rver seals the marks of its pages with a cipher that OpenSSL calls legacy. */
    execlp("node", "node", "--openssl-legacy-provider", S3_SERVER "/server.js", server->folder,
           NULL);
    _exit(127);
}

/* It says its port when it listens. */
static int port_read(int output)
{
    char line[16] = "";
    struct pollfd watched = {.fd = output, .events = POLLIN};
    if (poll(&watched, 1, PATIENCE_MS) != 1 || read(output, line, sizeof line - 1) <= 0)
        die("the S3 server does not start");
    return (int)strtol(line, NULL, 10);
}

void s3_server_start(struct s3_server *server)
{
    int input[2], output[2];
    *server = (struct s3_server){.folder = "/tmp/clinicd-s3-XXXXXX"};
    if (!mkdtemp(server->folder) || pipe2(input, O_CLOEXEC) != 0 || pipe2(output, O_CLOEXEC) != 0)
        die("no room for an S3 server");
    server->pid = fork();
    if (server->pid == 0)
        server_run(server, input[0], output[1]);
    close(input[0]);
    close(output[1]);
    server->input = input[1];
    server->port = port_read(output[0]);
    close(output[0]);
    snprintf(server->url, sizeof server->url, "http://127.0.0.1:%d/clinic-files/some/where",
             server->port);
}

static int entry_remove(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void)about, (void)kind, (void)where;
    return remove(path);
}

void s3_server_stop(struct s3_server *server)
{
    close(server->input);
    waitpid(server->pid, NULL, 0);
    nftw(server->folder, entry_remove, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

void s3_server_options(const struct s3_server *server, struct store_options *out)
{
    out->bucket_url = server->url;
    out->region = "us-east-1";
    out->access_key = "S3RVER";
    out->secret_key = "S3RVER";
    out->timeout_s = 10;
}

/* The number that the gate in front of the server answers. */
static int gate_ask(const struct s3_server *server, const char *method, const char *path)
{
    char text[1024] = "";
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)server->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof to) != 0)
        die("the S3 server is away");
    dprintf(fd, "%s %s HTTP/1.0\r\nHost: gate\r\n\r\n", method, path);
    size_t length = 0;
    for (ssize_t n; (n = read(fd, text + length, sizeof text - 1 - length)) > 0;)
        length += (size_t)n;
    close(fd);
    const char *body = strstr(text, "\r\n\r\n");
    return body ? (int)strtol(body + 4, NULL, 10) : -1;
}

void s3_server_trouble(const struct s3_server *server, const char *mode, int n)
{
    char path[64];
    snprintf(path, sizeof path, "/-/next/%s/%d", mode, n);
    gate_ask(server, "POST", path);
}

int s3_server_asked(const struct s3_server *server)
{
    return gate_ask(server, "GET", "/-/asked");
}
