// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See E2e.h. The whole program's heap goes through the functions at the end, so
// that no call is missed.
//
#include "test/e2e/E2e.h"

#include "tools/support/NpzIO.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

namespace wick::test {

std::string modelsDir() {
  const char *dir = std::getenv("WICK_E2E_MODELS");
  return dir ? dir : ".";
}

std::string packageOf(const std::string &name) {
  std::string path = modelsDir() + "/" + name + ".wick";
  return access(path.c_str(), R_OK) ? "" : path;
}

std::string readAll(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Loaded::~Loaded() {
  wick_session_destroy(session);
  wick_model_release(model);
}

wick_status Loaded::open(const std::string &path, uint32_t threads, const wick_executor *executor) {
  if (wick_status status = wick_model_open_path(path.c_str(), &model, &error))
    return status;
  wick_session_options options{};
  options.struct_size = sizeof(options);
  options.threads = threads;
  options.executor = executor;
  return wick_session_create(model, &options, &session, &error);
}

bool Loaded::readInputs(const std::string &path) {
  std::vector<tools::HostTensor> given;
  std::string why, file = path.substr(0, path.size() - 5) + ".in.npz";
  bool ok = tools::readNpz(file, given, why) && tools::orderInputs(model, std::move(given), inputs, why);
  if (!ok)
    std::snprintf(error.message, sizeof(error.message), "%s", why.c_str());
  values = tools::toValues(inputs);
  return ok;
}

wick_status Loaded::run(const wick_run_options *options) {
  return wick_session_run(session, values.data(), uint32_t(values.size()), nullptr, 0, options, &error);
}

std::string Loaded::results() {
  std::vector<tools::HostTensor> outputs;
  std::string why, all;
  if (!tools::fetchOutputs(session, model, outputs, why))
    return "failed: " + why;
  for (const tools::HostTensor &t : outputs) {
    all.append(reinterpret_cast<const char *>(t.dims.data()), t.dims.size() * 8);
    all.append(reinterpret_cast<const char *>(t.bytes.data()), t.bytes.size());
  }
  return all;
}

int inChild(unsigned seconds, const std::function<int()> &body) {
  std::fflush(nullptr); // or the child would print it again
  pid_t child = fork();
  if (child == 0) {
    alarm(seconds);
    int result = body();
    std::fflush(nullptr);
    _exit(result);
  }
  int status = -1;
  waitpid(child, &status, 0);
  return status;
}

uint64_t statusBytes(const char *field) {
  std::FILE *file = std::fopen("/proc/self/status", "r");
  if (!file)
    return 0;
  char line[256];
  unsigned long long kilobytes = 0;
  size_t length = std::strlen(field);
  while (std::fgets(line, sizeof(line), file))
    if (!std::strncmp(line, field, length) && line[length] == ':')
      std::sscanf(line + length + 1, "%llu", &kilobytes);
  std::fclose(file);
  return kilobytes * 1024;
}

} // namespace wick::test
