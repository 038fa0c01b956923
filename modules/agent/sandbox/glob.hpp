// Patterns of paths: * and ? within a name, [a-z], and ** for any number of directories.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace agent::sandbox {

class Glob {
 public:
  static constexpr std::size_t kMaxPattern = 1024;
  static constexpr std::size_t kMaxParts = 32;

  // Relative; a slash in front makes no difference. At most kMaxPattern bytes and kMaxParts parts: good() tells.
  explicit Glob(std::string_view pattern);
  bool good() const { return good_; }
  // Levels of directories that can match; 0: any number.
  std::size_t levels() const { return levels_; }
  // `path`: relative, without a slash at the end. Time is bounded by the product of the lengths. Names that begin with a
  // dot are matched only by parts that do, as in a shell.
  bool matches(std::string_view path) const;

 private:
  std::vector<std::string> parts_;
  std::size_t levels_ = 0;
  bool good_ = false;
};

}  // namespace agent::sandbox
