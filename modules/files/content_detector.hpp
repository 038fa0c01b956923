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
