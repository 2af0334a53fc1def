/*
 * The floor: a transparent UDP relay in plain C with the same system calls as the native packet path, and nothing else: no
 * look-up, no tags, no headers. What comes to --listen leaves for --to from a second socket; what comes back there goes to whoever sent last.
 * One thread a direction, each blocked in recvmmsg, so that neither pays for polling.
 *
 * With --gso a received GRO buffer leaves as it came, as one segmented message; without, datagrams are taken and sent one a message.
 *
 * Usage: relay --listen PORT --to PORT [--batch N] [--no-gso]      (127.0.0.1 only; prints "ready" once it receives)
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

enum { MAX_BATCH = 256, BUFFER_BYTES = 65536, SOCKET_BUFFER_BYTES = 4 << 20 };

struct direction {
  int from;
  int to;
  /* Where to send: fixed, or (port 0 at first) the last sender at the other socket. */
  struct sockaddr_in fixed;
  _Atomic uint64_t *send_to;
  _Atomic uint64_t *learn;
};

static int batch = 32;
static int gso = 1;

static void die(const char *what) {
  perror(what);
  exit(1);
}

static uint64_t pack(const struct sockaddr_in *address) {
  return ((uint64_t)address->sin_addr.s_addr << 16) | address->sin_port;
}

static struct sockaddr_in unpack(uint64_t packed) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  address.sin_addr.s_addr = (uint32_t)(packed >> 16);
  address.sin_port = (uint16_t)packed;
  return address;
}

static int open_socket(int port) {
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0) die("socket");
  int size = SOCKET_BUFFER_BYTES, on = 1;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
  if (gso && setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof on) < 0) die("UDP_GRO");
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) die("bind");
  return fd;
}

static int segment_size(struct msghdr *header) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c))
    if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) return *(int *)CMSG_DATA(c);
  return 0;
}

static void *pump(void *argument) {
  struct direction *d = argument;
  struct mmsghdr *in = calloc(batch, sizeof *in), *out = calloc(batch, sizeof *out);
  struct iovec *vectors = calloc(batch, sizeof *vectors), *out_vectors = calloc(batch, sizeof *out_vectors);
  struct sockaddr_in *names = calloc(batch, sizeof *names);
  char *buffers = malloc((size_t)batch * BUFFER_BYTES);
  char(*control)[64] = calloc(batch, 64), (*out_control)[64] = calloc(batch, 64);
  if (!in || !out || !vectors || !out_vectors || !names || !buffers || !control || !out_control) die("malloc");

  for (;;) {
    for (int i = 0; i < batch; i++) {
      vectors[i] = (struct iovec){buffers + (size_t)i * BUFFER_BYTES, BUFFER_BYTES};
      in[i].msg_hdr = (struct msghdr){.msg_name = d->learn ? &names[i] : NULL,
                                      .msg_namelen = d->learn ? sizeof names[i] : 0,
                                      .msg_iov = &vectors[i],
                                      .msg_iovlen = 1,
                                      .msg_control = gso ? control[i] : NULL,
                                      .msg_controllen = gso ? sizeof control[i] : 0};
    }
    int got = recvmmsg(d->from, in, (unsigned)batch, MSG_WAITFORONE, NULL);
    if (got < 0) {
      if (errno == EINTR || errno == ECONNREFUSED) continue;
      die("recvmmsg");
    }
    if (d->learn) atomic_store_explicit(d->learn, pack(&names[got - 1]), memory_order_relaxed);
    struct sockaddr_in target = d->fixed;
    if (d->send_to) {
      uint64_t known = atomic_load_explicit(d->send_to, memory_order_relaxed);
      if (known == 0) continue;
      target = unpack(known);
    }
    for (int i = 0; i < got; i++) {
      out_vectors[i] = (struct iovec){vectors[i].iov_base, in[i].msg_len};
      out[i].msg_hdr = (struct msghdr){
          .msg_name = &target, .msg_namelen = sizeof target, .msg_iov = &out_vectors[i], .msg_iovlen = 1};
      int segment = gso ? segment_size(&in[i].msg_hdr) : 0;
      if (segment > 0 && (unsigned)segment < in[i].msg_len) {
        out[i].msg_hdr.msg_control = out_control[i];
        out[i].msg_hdr.msg_controllen = CMSG_SPACE(sizeof(uint16_t));
        struct cmsghdr *c = CMSG_FIRSTHDR(&out[i].msg_hdr);
        c->cmsg_level = SOL_UDP;
        c->cmsg_type = UDP_SEGMENT;
        c->cmsg_len = CMSG_LEN(sizeof(uint16_t));
        *(uint16_t *)CMSG_DATA(c) = (uint16_t)segment;
      }
    }
    for (int sent = 0; sent < got;) {
      int n = sendmmsg(d->to, out + sent, (unsigned)(got - sent), 0);
      sent += n > 0 ? n : 1; /* what the kernel refuses is lost, as it is with any relay */
    }
  }
  return NULL;
}

int main(int argc, char **argv) {
  int listen_port = 0, to_port = 0;
  for (int i = 1; i < argc; i++) {
    if (!strcmp(argv[i], "--listen") && i + 1 < argc) listen_port = atoi(argv[++i]);
    else if (!strcmp(argv[i], "--to") && i + 1 < argc) to_port = atoi(argv[++i]);
    else if (!strcmp(argv[i], "--batch") && i + 1 < argc) batch = atoi(argv[++i]);
    else if (!strcmp(argv[i], "--no-gso")) gso = 0;
    else {
      fprintf(stderr, "usage: relay --listen PORT --to PORT [--batch N] [--no-gso]\n");
      return 2;
    }
  }
  if (listen_port <= 0 || to_port <= 0 || batch < 1 || batch > MAX_BATCH) {
    fprintf(stderr, "relay: ports of 1..65535 and a batch of 1..%d, please\n", MAX_BATCH);
    return 2;
  }
  static _Atomic uint64_t client;
  int inner = open_socket(listen_port), outer = open_socket(0);
  struct direction forward = {.from = inner, .to = outer, .learn = &client};
  forward.fixed = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)to_port)};
  forward.fixed.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  struct direction back = {.from = outer, .to = inner, .send_to = &client};
  pthread_t thread;
  if (pthread_create(&thread, NULL, pump, &back) != 0) die("pthread_create");
  puts("ready");
  fflush(stdout);
  pump(&forward);
  return 0;
}
