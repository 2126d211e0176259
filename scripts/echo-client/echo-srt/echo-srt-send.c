/*
 * echo-srt-send FILE HOST PORT [STREAMID]
 *
 * Publishes an ADTS file (.aac) over SRT as if it were live. For an app, replace read_frame() by your
 * encoder, and leave out sleep_until(): a live encoder sends in real time by itself.
 *
 * - The port of a session, from `transports` in the control API's answer to publish, needs no stream
 *   id. But a phone that may change from one network to another should send one there too:
 *   "#!::r=NAME,m=publish,s=KEY", with the answer's `rtmp.name` as KEY. With it, a new connection
 *   replaces the old one at once, although the old one still looks alive.
 * - On the shared port, 9000, the stream id names the broadcast. It is the same one, or
 *   "publish:NAME".
 * - ECHO_SRT_PASSPHRASE in the environment encrypts the connection. It is for the shared port of a
 *   server that has this variable set.
 * - When a connection is lost, connect to the same port again, with a new socket: the broadcast goes
 *   on. This program only ends, with libsrt's reason on stderr and exit code 1.
 */
#include <netdb.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include <srt/srt.h>

enum {
    ADTS_HEADER = 7,       /* bytes; ISO/IEC 13818-7 6.2 */
    ADTS_MAX_FRAME = 8191, /* frame_length has 13 bits */

    /* In live mode a message may have 1316 bytes (7 MPEG-TS packets). SRTO_PAYLOADSIZE raises that
     * to 1456 at most, so that its packet fits an Ethernet frame. It is only a limit: at 128 kb/s a
     * frame has about 350 bytes, and its packet is not larger than it has to be. */
    MAX_MESSAGE = 1456,

    /* The time in which lost packets can be sent again. Four round trips are a good value; one takes
     * 50 to 100 ms in mobile networks. The larger of this and the server's latency counts. Listeners
     * are seconds behind in any case, so a lower value is no advantage. */
    LATENCY_MS = 300,
};

struct frame {
    uint8_t data[ADTS_MAX_FRAME];
    size_t size;
    double seconds;
};

static volatile sig_atomic_t stop_signal;

static void on_signal(int number)
{
    stop_signal = number;
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* As clock_nanosleep() with TIMER_ABSTIME, which Apple's systems lack. */
static void sleep_until(double due)
{
    for (double rest = due - now(); rest > 0; rest = due - now()) {
        struct timespec time = {.tv_sec = (time_t)rest};
        time.tv_nsec = (long)((rest - (double)time.tv_sec) * 1e9);
        nanosleep(&time, NULL);
    }
}

/* Reads a whole frame. False at the end of the file, and, with a message, where it is not ADTS. */
static bool read_frame(FILE *file, struct frame *frame)
{
    static const int rates[] = {96000, 88200, 64000, 48000, 44100, 32000, 24000,
                                22050, 16000, 12000, 11025, 8000,  7350};
    const uint8_t *h = frame->data;
    if (fread(frame->data, 1, ADTS_HEADER, file) < ADTS_HEADER) return false;

    size_t rate_index = (h[2] >> 2) & 0x0f;
    frame->size = (size_t)(h[3] & 0x03) << 11 | (size_t)h[4] << 3 | h[5] >> 5;
    bool is_header = h[0] == 0xff && (h[1] & 0xf6) == 0xf0; /* syncword, layer 0 */
    if (!is_header || rate_index >= sizeof rates / sizeof *rates || frame->size <= ADTS_HEADER) {
        fprintf(stderr, "The file is not ADTS, or goes on as something else. To make one that is:\n"
                        "  ffmpeg -i FILE -vn -c:a aac -b:a 128k file.aac\n");
        return false;
    }
    /* Almost every encoder puts one access unit of 1024 samples into a frame; four are allowed. */
    frame->seconds = 1024.0 * ((h[6] & 0x03) + 1) / rates[rate_index];

    size_t rest = frame->size - ADTS_HEADER;
    return fread(frame->data + ADTS_HEADER, 1, rest, file) == rest;
}

static bool set(SRTSOCKET socket, SRT_SOCKOPT option, const char *name, const void *value,
                size_t size)
{
    if (srt_setsockflag(socket, option, value, (int)size) != SRT_ERROR) return true;
    fprintf(stderr, "Cannot set the %s: %s\n", name, srt_getlasterror_str());
    return false;
}

/* Live mode drops what it cannot deliver in time. It is set first: it resets the other options. */
static bool set_options(SRTSOCKET socket, const char *stream_id, const char *passphrase)
{
    SRT_TRANSTYPE type = SRTT_LIVE;
    int payload_size = MAX_MESSAGE, latency = LATENCY_MS;
    return set(socket, SRTO_TRANSTYPE, "type", &type, sizeof type) &&
           set(socket, SRTO_PAYLOADSIZE, "payload size", &payload_size, sizeof payload_size) &&
           set(socket, SRTO_PEERLATENCY, "latency", &latency, sizeof latency) &&
           set(socket, SRTO_STREAMID, "stream id", stream_id, strlen(stream_id)) &&
           set(socket, SRTO_PASSPHRASE, "passphrase", passphrase, strlen(passphrase));
}

/* Tries the addresses of `host` in turn. SRT_INVALID_SOCK and messages where none answers. */
static SRTSOCKET connect_to(const char *host, const char *port, const char *stream_id)
{
    const char *passphrase = getenv("ECHO_SRT_PASSPHRASE");
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM}, *addresses;
    int error = getaddrinfo(host, port, &hints, &addresses);
    if (error) {
        fprintf(stderr, "Cannot resolve %s port %s: %s\n", host, port, gai_strerror(error));
        return SRT_INVALID_SOCK;
    }
    SRTSOCKET connected = SRT_INVALID_SOCK;
    for (struct addrinfo *a = addresses; a && connected == SRT_INVALID_SOCK; a = a->ai_next) {
        SRTSOCKET socket = srt_create_socket();
        if (!set_options(socket, stream_id, passphrase ? passphrase : "")) {
            srt_close(socket);
        } else if (srt_connect(socket, a->ai_addr, (int)a->ai_addrlen) == SRT_ERROR) {
            fprintf(stderr, "Cannot connect to %s port %s: %s (%s)\n", host, port,
                    srt_getlasterror_str(), srt_rejectreason_str(srt_getrejectreason(socket)));
            srt_close(socket);
        } else {
            connected = socket;
        }
    }
    freeaddrinfo(addresses);
    return connected;
}

/* Sends each frame as one message. So only whole frames get lost, which Echo replaces by silence.
 * A frame that is larger than a message is sent in several, which Echo puts together again. */
static bool send_frame(SRTSOCKET socket, const struct frame *frame)
{
    for (size_t sent = 0; sent < frame->size;) {
        size_t part = frame->size - sent < MAX_MESSAGE ? frame->size - sent : MAX_MESSAGE;
        if (srt_send(socket, (const char *)frame->data + sent, (int)part) == SRT_ERROR) {
            fprintf(stderr, "Cannot send: %s\n", srt_getlasterror_str());
            return false;
        }
        sent += part;
    }
    return true;
}

/* Sends `frame` and all frames that follow in `file`, each when the samples before it have been
 * played. That time is counted from the start, so that delays do not add up. */
static bool send_file(SRTSOCKET socket, FILE *file, struct frame *frame)
{
    double start = now(), seconds = 0;
    long frames = 0;
    do {
        if (!send_frame(socket, frame)) return false;
        frames++;
        seconds += frame->seconds;
        sleep_until(start + seconds);
    } while (!stop_signal && read_frame(file, frame));

    /* Closing drops what the receiver holds back: as much as the latency that both agreed on. */
    int latency = LATENCY_MS, size = sizeof latency;
    srt_getsockflag(socket, SRTO_PEERLATENCY, &latency, &size);
    sleep_until(now() + latency / 1e3 + 0.2);

    SRT_TRACEBSTATS stats = {0};
    srt_bstats(socket, &stats, 0);
    printf("Sent %ld frames, %.1f s; %d packets sent again, %d dropped\n", frames, seconds,
           stats.pktRetransTotal, stats.pktSndDropTotal);
    return stop_signal || feof(file);
}

static bool publish(FILE *file, const char *host, const char *port, const char *stream_id)
{
    static struct frame frame;
    if (!read_frame(file, &frame)) {
        fprintf(stderr, "There is no frame to send.\n");
        return false;
    }
    SRTSOCKET socket = connect_to(host, port, stream_id);
    if (socket == SRT_INVALID_SOCK) return false;
    printf("Connected to %s port %s\n", host, port);
    fflush(stdout);
    bool sent = send_file(socket, file, &frame);
    srt_close(socket);
    return sent;
}

int main(int argc, char **argv)
{
    if (argc < 4 || argc > 5) {
        fprintf(stderr, "Usage: %s FILE HOST PORT [STREAMID]\n", argv[0]);
        return 2;
    }
    FILE *file = fopen(argv[1], "rb");
    if (!file) {
        perror(argv[1]);
        return EXIT_FAILURE;
    }
    /* SA_RESETHAND: a second Ctrl-C ends the program at once. */
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);

    srt_startup();
    srt_setloglevel(LOG_CRIT); /* return values tell all that matters */
    bool sent = publish(file, argv[2], argv[3], argc > 4 ? argv[4] : "");
    srt_cleanup();
    fclose(file);
    if (stop_signal) return 128 + stop_signal;
    return sent ? EXIT_SUCCESS : EXIT_FAILURE;
}
