// A driver of a GPU that is none: memory is the process's, and the kernels are three that this file knows by their names. It shows
// that what the package gives to a driver is laid out as shim/runtime.h says.
#include <stdlib.h>
#include <string.h>

typedef unsigned long u64;
typedef unsigned int u32;
typedef int result;

static u64 given, freed; // blocks of memory
static int hangs, broken;
static char last_image[1 << 16];
static int modules, most_registers;

struct argument { char *data; u32 rank; int extent[8]; u32 stride[8]; u32 pad; unsigned char copy[32]; };
struct launch { u32 threads[3], group[3], shared[4], pad[2]; struct argument argument[8]; };

result cuInit(u32 flags) { return getenv("AIOPT_TEST_NO_GPU") ? 100 : 0; }
result cuGetErrorName(result r, const char **name) { *name = r == 100 ? "CUDA_ERROR_NO_DEVICE" : "CUDA_ERROR_OTHER"; return 0; }
result cuGetErrorString(result r, const char **text) { *text = "said the driver"; return 0; }
result cuDriverGetVersion(int *v) { *v = 12040; return 0; }
result cuDeviceGetCount(int *n) { *n = 1; return 0; }
result cuDeviceGet(int *d, int n) { *d = 7; return n == 0 ? 0 : 1; }
result cuDeviceGetName(char *name, int length, int d) { strcpy(name, "Pretender"); return d == 7 ? 0 : 1; }
result cuDeviceGetAttribute(int *v, int attribute, int d) {
  *v = attribute == 75 ? 8 : attribute == 76 ? 7 : attribute == 16 ? 10 : attribute == 13 ? 1000000 : 0;
  return d == 7 ? 0 : 1;
}
result cuDevicePrimaryCtxRetain(void **c, int d) { *c = &given; return 0; }
result cuDevicePrimaryCtxRelease_v2(int d) {
#ifdef IDLE // sessions give their memory back when nobody has them any more
  return 0;
#endif
  return given == freed ? 0 : 2; // all memory came back
}
result cuCtxSetCurrent(void *c) { return c == &given ? 0 : 1; }
result cuModuleLoadDataEx(void **m, const char *image, u32 n, int *names, void **values) {
  most_registers = 0;
  for (u32 i = 0; i < n; i++) {
    if (names[i] == 0) most_registers = (int)(u64)values[i];
    if (names[i] == 5) strcpy((char *)values[i], "line 3: what is this");
  }
  if (strcmp(image, "bad") == 0) return 218;
  *m = (void *)(u64)++modules;
  return 0;
}
result cuModuleUnload(void *m) { return 0; }
// A function is its number, and whether it was compiled for few registers.
result cuModuleGetFunction(void **f, void *m, const char *name) { *f = (void *)(u64)(name[strlen(name) - 1] - '0' + 1 + (most_registers ? 16 : 0)); return 0; }
result cuFuncGetAttribute(int *v, int attribute, void *f) { *v = 256; return 0; }
result cuMemAlloc_v2(u64 *at, u64 n) { *at = (u64)malloc(n); given++; return 0; }
result cuMemFree_v2(u64 at) { free((void *)at); freed++; return 0; }
result cuMemcpyHtoD_v2(u64 to, const void *from, u64 n) { memcpy((void *)to, from, n); return 0; }
result cuMemcpyDtoH_v2(void *to, u64 from, u64 n) { memcpy(to, (void *)from, n); return 0; }
result cuMemcpyDtoDAsync_v2(u64 to, u64 from, u64 n, void *s) { return 0; } // of a gigabyte, whose bytes nobody asks for
result cuMemsetD8_v2(u64 at, unsigned char v, u64 n) { if (n < 1 << 20) memset((void *)at, v, n); return 0; }
result cuLaunchKernel(void *f, u32 gx, u32 gy, u32 gz, u32 bx, u32 by, u32 bz, u32 shared, void *stream, void **params, void **extra) {
#ifdef IDLE // kernels that do nothing, of any module
  return 0;
#endif
  struct launch *l = params[0];
  u32 number = (u32)(u64)f & 15, few = (u32)(u64)f >> 4;
  u32 *y = (u32 *)l->argument[0].data;
  if (number == 1) { // what it was called with
    u32 seen[] = {gx, gy, gz, bx, by, bz, shared, few ? most_registers : 0, l->threads[0], l->threads[1], l->threads[2], l->group[0], l->group[1], l->group[2],
                  l->shared[0], l->shared[1], l->argument[1].rank, l->argument[1].extent[0], l->argument[1].extent[1], l->argument[1].stride[0], l->argument[1].stride[1],
                  *(u32 *)l->argument[1].copy, *(u32 *)l->argument[1].data};
    memcpy(y, seen, sizeof seen);
  }
  if (number == 2) ((unsigned char *)y)[l->argument[1].copy[0]] = 1; // writes where it is told
  if (number == 3) hangs = 1;
  if (number == 4) broken = 1;
  return 0;
}
result cuEventCreate(void **e, u32 flags) { *e = malloc(1); return 0; }
result cuEventDestroy_v2(void *e) { free(e); return 0; }
result cuEventRecord(void *e, void *s) { return 0; }
result cuEventQuery(void *e) { return hangs ? 600 : broken ? 700 : 0; }
result cuEventElapsedTime(float *ms, void *a, void *b) { *ms = 4; return 0; }
