/*
 * echo-srt-recv PORT [FILE]
 *
 * Receives from a publisher, to test it. It takes one SRT connection on PORT, checks that every
 * message has whole ADTS frames, as Echo expects, and writes them to FILE. At the end it prints what
 * has arrived. Exit code 0: everything was ADTS, and nothing was lost.
 */
#include <netdb.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>

#include <srt/srt.h>

enum {
    ADTS_HEADER = 7,    /* bytes, ISO/IEC 13818-7 6.2 */
    MAX_MESSAGE = 1456, /* the most that live mode can carry in a message */
    POLL_MS = 200,
};

struct counts {
    long messages, lost, bad, frames, bytes;
    size_t open; /* missing bytes of a frame that was larger than a message */
};

static volatile sig_atomic_t stop_signal;

static void on_signal(int signal_number)
{
    stop_signal = signal_number;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static SRTSOCKET failed(const char *what, SRTSOCKET listener)
{
    fprintf(stderr, "Cannot %s: %s\n", what, srt_getlasterror_str());
    srt_close(listener);
    return SRT_INVALID_SOCK;
}

/* Waits for the first connection to `port`. */
static SRTSOCKET accept_one(const char *port)
{
    struct addrinfo hints = {
        .ai_family = AF_INET, .ai_socktype = SOCK_DGRAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *address;
    int error = getaddrinfo(NULL, port, &hints, &address);
    if (error) {
        fprintf(stderr, "Cannot listen on port %s: %s\n", port, gai_strerror(error));
        return SRT_INVALID_SOCK;
    }
    SRTSOCKET listener = srt_create_socket(); /* live mode, unless told otherwise */
    int bound = srt_bind(listener, address->ai_addr, (int)address->ai_addrlen);
    freeaddrinfo(address);
    if (bound == SRT_ERROR || srt_listen(listener, 1) == SRT_ERROR) {
        return failed("listen", listener);
    }
    printf("Listening on port %s\n", port);
    fflush(stdout);

    SRTSOCKET socket = srt_accept(listener, NULL, NULL);
    if (socket == SRT_INVALID_SOCK) return failed("accept", listener);
    srt_close(listener);

    char stream_id[512 + 1] = "";
    int size = sizeof stream_id;
    srt_getsockflag(socket, SRTO_STREAMID, stream_id, &size);
    printf("Connected, stream id \"%s\"\n", stream_id);
    fflush(stdout);
    return socket;
}

/* The length of the ADTS frame that begins at `data`; 0 where none begins there. */
static size_t frame_size(const uint8_t *data, size_t size)
{
    if (size < ADTS_HEADER || data[0] != 0xff || (data[1] & 0xf6) != 0xf0) return 0;
    size_t length = (size_t)(data[3] & 0x03) << 11 | (size_t)data[4] << 3 | data[5] >> 5;
    return length > ADTS_HEADER ? length : 0;
}

/* A message consists of frames. A frame that is too large for one goes on in the next message. */
static void check_message(const uint8_t *data, size_t size, struct counts *counts)
{
    size_t at = counts->open < size ? counts->open : size;
    counts->open -= at;
    while (at < size) {
        size_t length = frame_size(data + at, size - at);
        if (length == 0) {
            counts->bad++;
            fprintf(stderr, "Message %ld is not ADTS at byte %zu of %zu\n", counts->messages, at,
                    size);
            return;
        }
        counts->frames++;
        if (length > size - at) counts->open = length - (size - at);
        at += length;
    }
}

/* Receives until the publisher ends, or a signal comes. */
static bool receive(SRTSOCKET socket, FILE *file, struct counts *counts)
{
    uint8_t message[MAX_MESSAGE];
    int32_t expected = 1; /* messages are numbered from 1; a gap means that libsrt gave some up */
    while (!stop_signal) {
        SRT_MSGCTRL control = srt_msgctrl_default;
        int size = srt_recvmsg2(socket, (char *)message, sizeof message, &control);
        if (size == SRT_ERROR) {
            int error = srt_getlasterror(NULL);
            if (error == SRT_ETIMEOUT || error == SRT_EASYNCRCV) continue;
            if (error == SRT_ECONNLOST) return true; /* a publisher that closes looks the same */
            fprintf(stderr, "Cannot receive: %s\n", srt_getlasterror_str());
            return false;
        }
        counts->messages++;
        counts->bytes += size;
        if (control.msgno > expected) {
            counts->lost += control.msgno - expected;
            counts->open = 0;
        }
        expected = control.msgno + 1;
        check_message(message, (size_t)size, counts);
        if (file && fwrite(message, 1, (size_t)size, file) != (size_t)size) {
            perror("Cannot write the file");
            return false;
        }
    }
    return true;
}

static int run(const char *port, FILE *file)
{
    SRTSOCKET socket = accept_one(port);
    if (socket == SRT_INVALID_SOCK) return EXIT_FAILURE;
    catch_signals(); /* not earlier, because signals do not end srt_accept() */
    int timeout_ms = POLL_MS;
    srt_setsockflag(socket, SRTO_RCVTIMEO, &timeout_ms, sizeof timeout_ms);

    struct counts counts = {0};
    bool received = receive(socket, file, &counts);
    srt_close(socket);
    if (counts.open > 0) counts.bad++;
    printf("Received %ld frames in %ld messages, %ld bytes; %ld messages lost, %ld bad\n",
           counts.frames, counts.messages, counts.bytes, counts.lost, counts.bad);
    bool good = received && counts.frames > 0 && counts.lost == 0 && counts.bad == 0;
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "Usage: %s PORT [FILE]\n", argv[0]);
        return 2;
    }
    FILE *file = argc > 2 ? fopen(argv[2], "wb") : NULL;
    if (argc > 2 && !file) {
        perror(argv[2]);
        return EXIT_FAILURE;
    }
    srt_startup();
    srt_setloglevel(LOG_CRIT); /* return values tell all that matters */
    int status = run(argv[1], file);
    srt_cleanup();
    if (file && fclose(file) != 0) {
        perror("Cannot write the file");
        status = EXIT_FAILURE;
    }
    return status;
}
