// When the process is about to die: a short report on stderr (reason, version, backtrace), then the signal takes its
// course (core dump, exit status).
#pragma once

#include <string>

namespace mortise::ops {

// Handles SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT and std::terminate. Call once, first thing in main. `version` is
// shown in the report.
void installCrashHandler(const std::string& version);

}  // namespace mortise::ops
