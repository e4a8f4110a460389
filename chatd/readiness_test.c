// SPDX-License-Identifier: MIT
#include "readiness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

// Binds a datagram socket; an abstract one when the name begins with '@'.
static int listen_at(const char *name)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));

    assert_true(fd >= 0);
    memcpy(address.sun_path, name, strlen(name));
    if (name[0] == '@') {
        address.sun_path[0] = '\0';
    }
    assert_int_equal(bind(fd, (const void *)&address, length), 0);
    return fd;
}

static void assert_told(const char *name)
{
    char text[100] = "";
    int fd = listen_at(name);

    setenv("NOTIFY_SOCKET", name, 1);
    assert_true(readiness_tell("READY=1\nSTATUS=serving"));
    assert_int_equal(recv(fd, text, sizeof(text) - 1, 0), 22);
    assert_string_equal(text, "READY=1\nSTATUS=serving");
    close(fd);
}

static void a_socket_with_a_path_is_told(void **state)
{
    char path[80];

    (void)state;
    snprintf(path, sizeof(path), "/tmp/readiness_test.%ld", (long)getpid());
    assert_told(path);
    unlink(path);
    assert_false(readiness_tell("READY=1")); // it has gone
}

static void an_abstract_socket_is_told(void **state)
{
    char name[80];

    (void)state;
    snprintf(name, sizeof(name), "@readiness_test.%ld", (long)getpid());
    assert_told(name);
}

static void without_a_socket_nothing_happens(void **state)
{
    static const char *const names[] = { "", "@", "relative", "vsock:2:1234" };
    char longest[300];

    (void)state;
    unsetenv("NOTIFY_SOCKET");
    assert_false(readiness_tell("READY=1"));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        setenv("NOTIFY_SOCKET", names[i], 1);
        assert_false(readiness_tell("READY=1"));
    }
    memset(longest, 'x', sizeof(longest) - 1);
    longest[0] = '/';
    longest[sizeof(longest) - 1] = '\0';
    setenv("NOTIFY_SOCKET", longest, 1);
    assert_false(readiness_tell("READY=1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_socket_with_a_path_is_told),
        cmocka_unit_test(an_abstract_socket_is_told),
        cmocka_unit_test(without_a_socket_nothing_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
