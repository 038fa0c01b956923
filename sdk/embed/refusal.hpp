// What is wrong with a module's files: every finding on a line of its own, "file:line: found; what to do".
#pragma once

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace mortise::embed {

class Refusal : public std::runtime_error {
 public:
  explicit Refusal(std::vector<std::string> findings)
      : std::runtime_error(joined(findings)), findings_(std::move(findings)) {}
  const std::vector<std::string>& findings() const { return findings_; }

 private:
  static std::string joined(const std::vector<std::string>& findings) {
    std::string text;
    for (const auto& finding : findings) text += (text.empty() ? "" : "\n") + finding;
    return text;
  }
  std::vector<std::string> findings_;
};

}  // namespace mortise::embed
