// What `mortise module info` and `mortise module check` say about a file.
#pragma once

#include <string>
#include <vector>

namespace mortise::plugin {

// Everything the file says about itself, as text for people. Runs nothing of it. Throws Refusal.
std::string inspect(const std::string& path);

struct CheckResult {
  std::string name;  // "contract compiles"
  bool passed = false;
  std::string reason;  // empty when passed
  std::string line() const { return (passed ? "PASS  " : "FAIL  ") + name + (reason.empty() ? "" : ": " + reason); }
};

// Each check runs in a process of its own, so that a crash is a result; checks that need a broken earlier one are left
// out. `temporary`: a directory for a scratch SQLite database and blobs. Call it before threads are started.
std::vector<CheckResult> checkModule(const std::string& path, const std::string& temporary);

}  // namespace mortise::plugin
