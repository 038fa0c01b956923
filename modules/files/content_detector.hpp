// What a content is, from its first bytes: libmagic.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

struct magic_set;

namespace files {

// libmagic sees bytes only, never a name or a path. Any thread; calls take turns.
class ContentDetector {
 public:
  // How much of a content it looks at.
  static constexpr std::size_t kLookedAt = 64 << 10;

  // How much of it is given to libmagic, and how far its expressions look. Every line that begins with white space costs
  // as much as the white space behind it is long: 8 KiB of line breaks take a fifth of a second, and every other caller
  // waits for its turn.
  struct Effort {
    std::size_t bytes = kLookedAt;
    std::size_t expressions = 8192;  // libmagic's default
  };
  static Effort effortFor(std::string_view start);

  // Throws std::runtime_error with libmagic's reason, which is its database mostly.
  ContentDetector();

  // "image/png", "text/plain; charset=utf-8"; "application/octet-stream" for what it does not know, and for nothing.
  std::string detect(std::string_view start) const;

 private:
  struct Close {
    void operator()(magic_set* cookie) const noexcept;
  };
  mutable std::mutex mutex_;
  std::unique_ptr<magic_set, Close> cookie_;
};

}  // namespace files
