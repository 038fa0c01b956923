// Why a module is not loaded, in one line for the operator: file, what was expected, what was found, what to do.
#pragma once

#include <stdexcept>
#include <string>

namespace mortise::plugin {

class Refusal : public std::runtime_error {
 public:
  // "notes.so: needs interface db/2, this kernel serves db/1; run a newer kernel. Not loaded."
  Refusal(const std::string& file, const std::string& reason)
      : std::runtime_error(file + ": " + reason + ". Not loaded."), reason_(reason) {}
  const std::string& reason() const { return reason_; }

 private:
  std::string reason_;
};

}  // namespace mortise::plugin
