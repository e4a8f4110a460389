// SPDX-License-Identifier: MIT
// Any text as a request: an error with a reason, or a method with typed params. The answer, which
// repeats the id, is JSON in every case.
#include "protocol/encode.h"
#include "protocol/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct request request;
    char reason[REASON_BYTES], fault[REASON_BYTES];
    enum err err = request_parse((const char *)data, bytes, &request, reason);
    const struct error_details details = { .message = reason };

    CHECK((err == ERR_OK) == (reason[0] == '\0'));
    CHECK(err != ERR_OK || request.method < METHOD_COUNT);
    struct frame *frame = encode_error(request.id, err == ERR_OK ? ERR_BUSY : err, &details);
    CHECK(frame != NULL);
    struct json *answer = json_parse(frame->data, frame->bytes, fault, sizeof(fault));
    CHECK(answer != NULL);
    json_destroy(answer);
    frame_release(frame);
    request_finish(&request);
    return 0;
}
