// SPDX-License-Identifier: MIT
#include "tests/load/report.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

void stretch_start(struct stretch *stretch, pid_t server)
{
    memset(stretch, 0, sizeof *stretch);
    stretch->pid = server;
    stretch->has_server = procstat_read(server, &stretch->server_before);
    if (!procstat_read(getpid(), &stretch->own_before)) {
        fprintf(stderr, "chat-load: /proc can't be read: own figures will be 0\n");
    }
    stretch->start_ns = clock_ns();
}

void stretch_stop(struct stretch *stretch)
{
    stretch->seconds = (double)(clock_ns() - stretch->start_ns) / 1e9;
    stretch->has_server = stretch->has_server && procstat_read(stretch->pid, &stretch->server);
    if (!procstat_read(getpid(), &stretch->own)) {
        stretch->own = stretch->own_before;
    }
}

void report_open(const char *mode)
{
    printf("{\"mode\":\"%s\"", mode);
}

void report_count(const char *name, uint64_t value)
{
    printf(",\"%s\":%llu", name, (unsigned long long)value);
}

void report_figure(const char *name, double value)
{
    printf(",\"%s\":%.3f", name, value);
}

void report_word(const char *name, const char *value)
{
    printf(",\"%s\":\"", name);
    for (; *value != '\0'; value++) {
        if (*value == '"' || *value == '\\') {
            putchar('\\');
        }
        putchar((unsigned char)*value < ' ' ? ' ' : *value);
    }
    putchar('"');
}

void report_latency(const char *name, const struct histogram *histogram)
{
    char member[64];

    snprintf(member, sizeof member, "%s_p50_us", name);
    report_figure(member, histogram_us(histogram, 0.5));
    snprintf(member, sizeof member, "%s_p99_us", name);
    report_figure(member, histogram_us(histogram, 0.99));
    snprintf(member, sizeof member, "%s_p999_us", name);
    report_figure(member, histogram_us(histogram, 0.999));
    snprintf(member, sizeof member, "%s_max_us", name);
    report_figure(member, (double)histogram->max_ns / 1000);
}

static double each_us(double seconds, uint64_t count)
{
    return count == 0 ? 0 : seconds * 1e6 / (double)count;
}

void report_stretch(const struct stretch *stretch, uint64_t count, const char *unit)
{
    double own = stretch->own.cpu_seconds - stretch->own_before.cpu_seconds;
    char member[64];

    report_figure("seconds", stretch->seconds);
    if (stretch->has_server) {
        double cpu = stretch->server.cpu_seconds - stretch->server_before.cpu_seconds;
        double user = stretch->server.user_seconds - stretch->server_before.user_seconds;
        report_figure("server_cpu_s", cpu);
        snprintf(member, sizeof member, "server_us_per_%s", unit);
        report_figure(member, each_us(cpu, count));
        snprintf(member, sizeof member, "server_user_us_per_%s", unit);
        report_figure(member, each_us(user, count));
        report_count("server_rss_before", stretch->server_before.rss_bytes);
        report_count("server_rss", stretch->server.rss_bytes);
        report_count("server_written_bytes",
                stretch->server.written_bytes - stretch->server_before.written_bytes);
    }
    report_figure("loadgen_cpu_s", own);
    snprintf(member, sizeof member, "loadgen_us_per_%s", unit);
    report_figure(member, each_us(own, count));
}

void report_close(void)
{
    printf("}\n");
    fflush(stdout);
}
