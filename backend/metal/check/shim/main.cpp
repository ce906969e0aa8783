// The program: maps a file with a dispatch and its buffers, runs it, writes the buffers back and says what was found.
#include "services.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <ucontext.h>

Argument aiopt_arguments[2 * first_shared];

// The file: a header and an entry for each argument, of 8-byte words; the buffers follow where their entries say.
struct Entry {
  u64 kind, element, access, offset, bytes, rank, extent[most_rank];
  char name[32];
};
enum EntryKind : u64 { entry_buffer, entry_shared };
struct Header {
  u64 magic, kernel, threads[3], group[3], order, seed, seconds, memory, checked, entries, buffers;
  Entry entry[64];
};
constexpr u64 magic = 0x31746f6961; // "aiot1"

[[noreturn]] static void fail(const char *what) {
  say("{\"failed\":\"%s\"}\n", what);
  end_line();
  _exit(3);
}

static char *reserve(u64 bytes, int protection) {
  void *p = mmap(nullptr, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED)
    fail("the memory for the dispatch could not be reserved");
  return (char *)p;
}

static u64 pages(u64 bytes) { return (bytes + 4095) / 4096 * 4096; }

// A buffer ends where its writable pages end, up to the alignment of vectors, so that the processor finds far reads past it even
// where nothing is checked.
static void place(Header &h, char *file) {
  u64 most = 1 << 20;
  for (u64 i = 0; i < h.buffers; i++)
    most = h.entry[i].bytes > most ? h.entry[i].bytes : most;
  slot_shift = 30;
  while ((1ul << slot_shift) < 4 * pages(most))
    slot_shift++;
  device_bytes = (h.buffers + 1) << slot_shift;
  device_base = reserve(device_bytes, PROT_NONE);
  for (u64 i = 0; i < h.buffers; i++) {
    Entry &e = h.entry[i];
    Region &r = run.regions[i];
    u64 room = pages(e.bytes ? e.bytes : 1);
    char *start = device_base + (i << slot_shift) + (1ul << (slot_shift - 1));
    if (mprotect(start, room, PROT_READ | PROT_WRITE) != 0)
      fail("the memory for a buffer could not be had");
    memset(start, 0xff, room);
    memcpy(r.name, e.name, sizeof r.name);
    r.base = start + (room - e.bytes) / 16 * 16;
    r.bytes = e.bytes;
    r.element = e.element ? e.element : 1;
    r.access = e.access;
    r.shift = r.element == 1 ? 0 : r.element == 2 ? 1 : 2;
    memcpy(r.base, file + e.offset, e.bytes);
    if (h.checked)
      r.cells = (Cell *)reserve(pages((e.bytes + 16) * sizeof(Cell)), PROT_READ | PROT_WRITE);
    Argument &a = aiopt_arguments[i];
    a.data = r.base;
    a.rank = e.rank;
    long stride = 1;
    for (u64 d = 0; d < e.rank; d++) {
      a.extent[d] = e.extent[d];
      a.stride[d] = stride;
      stride *= e.extent[d];
    }
  }
  run.arguments = h.buffers;
}

static void set_up(Header &h, char *file) {
  run.kernel = &aiopt_kernels[h.kernel];
  run.threads = {(u32)h.threads[0], (u32)h.threads[1], (u32)h.threads[2]};
  run.group = {(u32)h.group[0], (u32)h.group[1], (u32)h.group[2]};
  run.groups = {(run.threads.x + run.group.x - 1) / run.group.x, (run.threads.y + run.group.y - 1) / run.group.y, (run.threads.z + run.group.z - 1) / run.group.z};
  run.order = h.order;
  run.seed = h.seed;
  checked = h.checked;
  place(h, file);
  shared_base = reserve(group_arena, PROT_READ | PROT_WRITE);
  u64 cells = 2 * group_memory + 16;
  Cell *of_variables = checked ? (Cell *)reserve(most_variables * cells * sizeof(Cell), PROT_READ | PROT_WRITE) : nullptr;
  for (u32 i = 0; i < most_variables && checked; i++)
    run.variables[i].cells = of_variables + i * cells;
  stacks = reserve((most_threads + 1) * stack_bytes, PROT_READ | PROT_WRITE);
  for (u32 i = 0; i <= run.group.x * run.group.y * run.group.z; i++)
    mprotect(stacks + i * stack_bytes, 4096, PROT_NONE);
  self = threads;
  u32 next = most_variables;
  for (u64 i = h.buffers; i < h.entries; i++) { // memory for [[threadgroup(n)]] parameters
    Entry &e = h.entry[i];
    Region *r = add_shared(--next, e.name, e.bytes, e.element ? e.element : 1, 0);
    run.dynamic_bytes += (e.bytes + 15) / 16 * 16;
    aiopt_arguments[first_shared + e.rank].data = r->base; // rank is the n of [[threadgroup(n)]]
  }
}

static void on_signal(int number, siginfo_t *info, void *context) {
  ucontext_t *c = (ucontext_t *)context;
#if defined(__x86_64__)
  u64 pc = c->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
  u64 pc = c->uc_mcontext.pc;
#else
  u64 pc = 0;
#endif
  u64 at = (u64)info->si_addr;
  if (number == SIGXCPU || number == SIGVTALRM) {
    add(here(found_time, pc, ""));
    leave(false);
  }
  if (number == SIGFPE) {
    add(here(found_division, pc, ""));
    stop_thread();
  }
  if (number == SIGILL || number == SIGTRAP) {
    add(here(found_trap, pc, ""));
    stop_thread();
  }
  if (at - (u64)stacks < (most_threads + 1) * stack_bytes) {
    add(here(found_stack, pc, ""));
    stop_thread();
  }
  Region *r = region_at(at);
  if (r != nullptr)
    outside(r, at, 1, false, pc);
  Found f = here(found_wild, pc, "");
  f.detail[0] = (long)at;
  add(f);
  stop_thread();
}

static void limit(int what, u64 most) {
  struct rlimit r = {most, most};
  setrlimit(what, &r);
}

static void take_signals() {
  stack_t alternate = {};
  alternate.ss_size = 64 << 10;
  alternate.ss_sp = reserve(alternate.ss_size, PROT_READ | PROT_WRITE);
  sigaltstack(&alternate, nullptr);
  struct sigaction action = {};
  action.sa_sigaction = on_signal;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  const int taken[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGXCPU};
  for (int number : taken)
    sigaction(number, &action, nullptr);
}

int main(int argc, char **argv) {
  if (argc != 2)
    fail("expected the name of a file with a dispatch");
  int fd = open(argv[1], O_RDWR);
  struct stat st;
  if (fd < 0 || fstat(fd, &st) != 0 || (u64)st.st_size < sizeof(Header))
    fail("the file with the dispatch could not be read");
  char *file = (char *)mmap(nullptr, st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (file == MAP_FAILED)
    fail("the file with the dispatch could not be mapped");
  close(fd);
  Header &h = *(Header *)file;
  if (h.magic != magic || h.entries > 64 || h.buffers > most_arguments)
    fail("the file with the dispatch is of another form");
  set_up(h, file);
  u32 groups = run.groups.x * run.groups.y * run.groups.z;
  u32 *order = (u32 *)reserve(pages(groups * sizeof(u32)), PROT_READ | PROT_WRITE);
  take_signals();
  struct rlimit cpu = {h.seconds, h.seconds + 5};
  setrlimit(RLIMIT_CPU, &cpu);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_FSIZE, 0);
  limit(RLIMIT_NOFILE, 0);
  // From here on the process can write to what is open, and end.
  prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
  run_dispatch(order);
  for (u64 i = 0; i < h.buffers; i++)
    if (run.regions[i].access & may_write)
      memcpy(file + h.entry[i].offset, run.regions[i].base, h.entry[i].bytes);
  leave(true);
}
