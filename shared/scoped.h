// SPDX-License-Identifier: MIT
// Local variables that release themselves. Hand ownership out with TAKE().
// A function that uses these has no goto: clang rejects the mix, gcc silently frees garbage.

#pragma once

#include <stdlib.h>
#include <unistd.h>

static inline void scoped_free_release(void *pointer)
{
    free(*(void **)pointer);
}

static inline void scoped_fd_release(const int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
}

#define TAKE(pointer)                                                                              \
    __extension__({                                                                                \
        __typeof__(pointer) taken_ = (pointer);                                                    \
        (pointer) = NULL;                                                                          \
        taken_;                                                                                    \
    })

#define SCOPED_FREE __attribute__((cleanup(scoped_free_release)))
#define SCOPED_FD __attribute__((cleanup(scoped_fd_release)))
