// The server can't start.
#pragma once

#include <exception>
#include <string>
#include <vector>

namespace mortise::kernel {

// One sentence per line, each ready for an operator.
class StartError : public std::exception {
 public:
  explicit StartError(std::vector<std::string> lines);
  const std::vector<std::string>& lines() const { return lines_; }
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::vector<std::string> lines_;
  std::string text_;
};

}  // namespace mortise::kernel
