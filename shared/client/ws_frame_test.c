// SPDX-License-Identifier: MIT
#include "shared/client/ws_frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct heard {
    unsigned count;
    enum ws_opcode opcode;
    struct buffer text; // of all messages
    bool is_full;
};

static bool hear(void *context, enum ws_opcode opcode, struct bytes payload)
{
    struct heard *heard = context;

    heard->count++;
    heard->opcode = opcode;
    buffer_add(&heard->text, payload.data, payload.size);
    return !heard->is_full;
}

// A frame as a server sends it: not masked.
static void add_frame(struct buffer *out, unsigned char first, size_t bytes)
{
    buffer_add_byte(out, (char)first);
    if (bytes < 126) {
        buffer_add_byte(out, (char)bytes);
    } else if (bytes < 65536) {
        buffer_add_byte(out, 126);
        buffer_add_byte(out, (char)(bytes >> 8));
        buffer_add_byte(out, (char)bytes);
    } else {
        buffer_add_byte(out, 127);
        for (int shift = 56; shift >= 0; shift -= 8) {
            buffer_add_byte(out, (char)((uint64_t)bytes >> shift));
        }
    }
    char *room = buffer_reserve(out, bytes);
    memset(room, 'x', bytes);
    out->bytes += bytes;
}

static void messages_arrive_whole_however_the_bytes_are_cut(void **state)
{
    static const size_t sizes[] = { 0, 1, 125, 126, 127, 65535, 65536, 100000 };

    (void)state;
    for (size_t step = 1; step < 70000; step = step * 7 + 3) {
        struct ws_parser parser = { 0 };
        struct heard heard = { 0 };
        struct buffer stream = { 0 };
        size_t total = 0;
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            add_frame(&stream, 0x81, sizes[i]);
            total += sizes[i];
        }
        for (size_t at = 0; at < stream.bytes; at += step) {
            size_t bytes = stream.bytes - at < step ? stream.bytes - at : step;
            assert_null(ws_parser_take(&parser, stream.data + at, bytes, hear, &heard));
        }
        assert_int_equal(heard.count, sizeof(sizes) / sizeof(sizes[0]));
        assert_int_equal(heard.text.bytes, total);
        ws_parser_finish(&parser);
        buffer_finish(&heard.text);
        buffer_finish(&stream);
    }
}

static void fragments_become_one_message_with_a_ping_between_them(void **state)
{
    static const char stream[] = "\x01\x02"
                                 "ab\x89\x01?\x80\x02"
                                 "cd";
    struct ws_parser parser = { 0 };
    struct heard heard = { 0 };

    (void)state;
    assert_null(ws_parser_take(&parser, stream, sizeof(stream) - 1, hear, &heard));
    assert_int_equal(heard.count, 2);
    assert_int_equal(heard.opcode, WS_TEXT);
    assert_memory_equal(heard.text.data, "?abcd", 5);
    ws_parser_finish(&parser);
    buffer_finish(&heard.text);
}

static void what_a_server_must_not_send_is_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
    } wrong[] = {
        { "\x81\x82mmmmab", 8 }, // masked
        { "\xc1\x01"             // a reserved bit
          "a",
                3 },
        { "\x80\x01" // a continuation of nothing
          "a",
                3 },
        { "\x01\x01" // a message within a message
          "a\x81\x01"
          "b",
                6 },
        { "\x09\x01?", 3 },                                 // a ping in fragments
        { "\x89\x7e\x00\x7e", 4 },                          // a ping of 126 bytes
        { "\x81\x7f\x00\x00\x00\x00\x10\x00\x00\x00", 10 }, // 256 MiB
        { "\x83\x01"                                        // an opcode that is none
          "a",
                3 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct ws_parser parser = { 0 };
        struct heard heard = { 0 };
        const char *reason = ws_parser_take(&parser, wrong[i].bytes, wrong[i].size, hear, &heard);
        assert_non_null(reason);
        assert_true(strlen(reason) > 0);
        ws_parser_finish(&parser);
        buffer_finish(&heard.text);
    }
}

static void our_frames_are_masked_and_read_back_as_they_were(void **state)
{
    static const unsigned char mask[4] = { 0x37, 0xfa, 0x21, 0x3d }; // RFC 6455 section 5.7
    struct buffer out = { 0 };

    (void)state;
    ws_frame_add(&out, WS_TEXT, (struct bytes){ "Hello", 5 }, mask);
    assert_int_equal(out.bytes, 11);
    assert_memory_equal(out.data, "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11);
    buffer_finish(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_arrive_whole_however_the_bytes_are_cut),
        cmocka_unit_test(fragments_become_one_message_with_a_ping_between_them),
        cmocka_unit_test(what_a_server_must_not_send_is_refused),
        cmocka_unit_test(our_frames_are_masked_and_read_back_as_they_were),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
