// The output of `mortise module info` and `mortise module check` for a file.
#pragma once

#include <string>
#include <vector>

namespace mortise::plugin {

// The file's description of itself, as text for people. Runs none of its code. Throws Refusal.
std::string inspect(const std::string& path);

struct CheckResult {
  std::string name;  // "contract compiles"
  bool passed = false;
  std::string reason;  // empty when passed
  std::string line() const { return (passed ? "PASS  " : "FAIL  ") + name + (reason.empty() ? "" : ": " + reason); }
};

// Each check runs in its own process, so that a crash is a result; checks that depend on a failed one are skipped.
// `temporary`: a directory for a scratch SQLite database and blobs. Call it before threads are started.
std::vector<CheckResult> checkModule(const std::string& path, const std::string& temporary);

}  // namespace mortise::plugin
