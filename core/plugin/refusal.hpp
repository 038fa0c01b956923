// Why a module is not loaded, in one line for the operator: file, expectation, finding, remedy.
#pragma once

#include <algorithm>
#include <stdexcept>
#include <string>

namespace mortise::plugin {

class Refusal : public std::runtime_error {
 public:
  // "notes.so: needs interface db/2, this kernel serves db/1; run a newer kernel. Not loaded."
  Refusal(const std::string& file, std::string reason) : Refusal(file, oneLine(std::move(reason)), Clean{}) {}
  const std::string& reason() const { return reason_; }

 private:
  struct Clean {};
  Refusal(const std::string& file, std::string reason, Clean)
      : std::runtime_error(oneLine(file) + ": " + reason + ". Not loaded."), reason_(std::move(reason)) {}
  // Reasons quote the file and the module: remove control bytes, which could change the operator's terminal.
  static std::string oneLine(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
    return text;
  }

  std::string reason_;
};

}  // namespace mortise::plugin
