// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The temporary package is removed as soon as it is mapped.
//
#include "tools/wick/OpenedModel.h"

#include "tools/wick/Cli.h"
#include "tools/wick/Compiling.h"
#include "tools/wick/PackageFile.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <sys/wait.h>
#include <unistd.h>

namespace wick::tools {

OpenedModel::OpenedModel() = default;

OpenedModel::~OpenedModel() {
  wick_session_destroy(session);
  wick_model_release(model);
}

int exitCodeOf(wick_status status) { return status == WICK_STATUS_UNSUPPORTED ? kUnsupported : kFailed; }

namespace {
/// A directory of our own with at most one file in it.
class TempDir {
public:
  ~TempDir() {
    if (path.empty())
      return;
    unlink(file().c_str());
    rmdir(path.c_str());
  }
  bool make(std::string &error) {
    const char *base = std::getenv("TMPDIR");
    std::string name = std::string(base && *base ? base : "/tmp") + "/wick-XXXXXX";
    if (!mkdtemp(name.data())) {
      error = "cannot make a directory '" + name + "': " + std::strerror(errno);
      return false;
    }
    path = name;
    return true;
  }
  std::string file() const { return path + "/model.wick"; }

private:
  std::string path;
};
} // namespace

/// compileForHere in a child; its message comes back through a pipe.
static int compileInChild(const std::string &model, const std::string &output, const OpenOptions &options,
                          std::string &error) {
  int ends[2];
  if (pipe(ends)) {
    error = std::string("cannot make a pipe: ") + std::strerror(errno);
    return kFailed;
  }
  pid_t child = fork();
  if (child < 0) {
    error = std::string("cannot start a process: ") + std::strerror(errno);
    close(ends[0]);
    close(ends[1]);
    return kFailed;
  }
  if (child == 0) {
    close(ends[0]);
    std::string message;
    int code =
        compileForHere(model, output, options.isa, options.compileThreads, options.shapes, options.progress, message);
    for (size_t at = 0; at < message.size();) {
      ssize_t n = write(ends[1], message.data() + at, message.size() - at);
      if (n <= 0)
        break;
      at += static_cast<size_t>(n);
    }
    _exit(code);
  }
  close(ends[1]);
  char buffer[4096];
  for (ssize_t n; (n = read(ends[0], buffer, sizeof(buffer))) > 0;)
    error.append(buffer, static_cast<size_t>(n));
  close(ends[0]);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status))
    return WEXITSTATUS(status);
  error = "the compilation was ended by signal " + std::to_string(WTERMSIG(status));
  return kFailed;
}

int OpenedModel::open(const std::string &path, const OpenOptions &options, std::string &error) {
  if (isPackage(path))
    return openPackage(path, options, error);
  TempDir temp;
  if (!temp.make(error))
    return kFailed;
  double start = nowMs();
  int code = options.compileApart ? compileInChild(path, temp.file(), options, error)
                                  : compileForHere(path, temp.file(), options.isa, options.compileThreads,
                                                   options.shapes, options.progress, error);
  compileMs = nowMs() - start;
  return code ? code : openPackage(temp.file(), options, error);
}

int OpenedModel::openPackage(const std::string &path, const OpenOptions &options, std::string &error) {
  if (options.wantPackage) {
    package = std::make_unique<PackageFile>();
    if (!package->open(path, error))
      return kFailed;
  }
  wick_error problem = WICK_ERROR_INIT;
  wick_source source{};
  source.struct_size = sizeof(source);
  source.kind = WICK_SOURCE_PATH;
  source.path = path.c_str();
  wick_model_options modelOptions{};
  modelOptions.struct_size = sizeof(modelOptions);
  modelOptions.slice = options.isa.empty() ? nullptr : options.isa.c_str();
  wick_session_options sessionOptions{};
  sessionOptions.struct_size = sizeof(sessionOptions);
  sessionOptions.threads = options.threads;
  double start = nowMs();
  wick_status status = wick_model_open(&source, &modelOptions, &model, &problem);
  if (!status)
    status = wick_session_create(model, &sessionOptions, &session, &problem);
  loadMs = nowMs() - start;
  if (!status)
    return kDone;
  error = describe(problem);
  return exitCodeOf(status);
}

} // namespace wick::tools
