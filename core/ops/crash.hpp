// Writes a short report on stderr (reason, version, backtrace) when the process crashes; then the signal takes its
// course (core dump, exit status).
#pragma once

#include <string>

namespace mortise::ops {

// Handles SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT and std::terminate. Call once, at the start of main. `version` is
// part of the report.
void installCrashHandler(const std::string& version);

}  // namespace mortise::ops
