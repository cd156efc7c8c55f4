// Preloaded into the agent by tests/e2e/test_clock.py: the wall clock is off by the seconds that stand in the file
// $WALL_CLOCK_OFFSET. Monotonic clocks and timers stay as they are. (libfaketime 0.9.10 changes absolute timerfds of
// the monotonic clock as well: Asio's timers never fire under it.)
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static long long offset_s(void) {
  long long offset = 0;
  FILE* file = fopen(getenv("WALL_CLOCK_OFFSET"), "re");
  if (file == NULL) return 0;
  if (fscanf(file, "%lld", &offset) != 1) offset = 0;
  fclose(file);
  return offset;
}

int clock_gettime(clockid_t id, struct timespec* now) {
  static int (*real)(clockid_t, struct timespec*);
  if (real == NULL) real = (int (*)(clockid_t, struct timespec*))dlsym(RTLD_NEXT, "clock_gettime");
  const int result = real(id, now);
  if (result == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) now->tv_sec += (time_t)offset_s();
  return result;
}

time_t time(time_t* out) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != NULL) *out = now.tv_sec;
  return now.tv_sec;
}

int gettimeofday(struct timeval* restrict out, void* restrict zone) {
  (void)zone;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  out->tv_sec = now.tv_sec;
  out->tv_usec = now.tv_nsec / 1000;
  return 0;
}
