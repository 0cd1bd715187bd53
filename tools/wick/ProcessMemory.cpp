// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The handlers allocate nothing. The compiler is built without exceptions, so
// no allocation failure can be unwound: the process ends. MLIR does not look at
// what malloc returns, so malloc itself is replaced; aligned_alloc, which the
// runtime uses, keeps returning null, and a run ends with a status.
//
#include "tools/wick/ProcessMemory.h"

#include "llvm/Support/ErrorHandling.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <initializer_list>
#include <new>
#include <unistd.h>

namespace wick::tools {

[[noreturn]] static void end(const char *message, const char *more) {
  for (const char *text : {"wick: error: ", message, more, "\n"})
    if (write(STDERR_FILENO, text, std::strlen(text)) < 0)
      break;
  _exit(2);
}

/// A library that threw: a thread that cannot be started, in practice.
[[noreturn]] static void endUncaught() {
  if (std::exception_ptr pending = std::current_exception()) {
    try {
      std::rethrow_exception(pending);
    } catch (const std::exception &thrown) {
      end("the system refused a resource: ", thrown.what());
    } catch (...) {
    }
  }
  end("the program ended by an exception", "");
}

void reportOutOfMemory() {
  std::set_terminate(endUncaught);
  std::set_new_handler([] { end("out of memory", ""); });
  llvm::install_bad_alloc_error_handler([](void *, const char *, bool) { end("out of memory", ""); });
  llvm::install_fatal_error_handler([](void *, const char *reason, bool) { end("the compiler failed: ", reason); });
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WICK_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WICK_SANITIZED 1
#endif
#endif
#if defined(__GLIBC__) && !defined(WICK_SANITIZED)
static void *need(void *memory, size_t size) {
  if (!memory && size)
    end("out of memory", "");
  return memory;
}
extern "C" {
void *__libc_malloc(size_t size) noexcept;
void *__libc_calloc(size_t count, size_t size) noexcept;
void *__libc_realloc(void *memory, size_t size) noexcept;
void *malloc(size_t size) noexcept { return need(__libc_malloc(size), size); }
void *calloc(size_t count, size_t size) noexcept { return need(__libc_calloc(count, size), count && size); }
void *realloc(void *memory, size_t size) noexcept { return need(__libc_realloc(memory, size), size); }
}
#endif

uint64_t memoryOf(const char *field) {
  std::FILE *file = std::fopen("/proc/self/status", "r");
  if (!file)
    return 0;
  char line[256];
  unsigned long long kilobytes = 0;
  size_t length = std::strlen(field);
  while (std::fgets(line, sizeof(line), file))
    if (!std::strncmp(line, field, length) && line[length] == ':') {
      if (std::sscanf(line + length + 1, "%llu", &kilobytes) != 1)
        kilobytes = 0;
      break;
    }
  std::fclose(file);
  return kilobytes * 1024;
}

} // namespace wick::tools
