// What a content is: by libmagic from its first bytes, against the patterns that the operator allows.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

struct magic_set;

namespace files {

// How much of a content is looked at.
constexpr std::size_t kLookedAt = 64 << 10;

// libmagic sees bytes only, never a name or a path. Any thread; calls take turns.
class ContentTypes {
 public:
  // Throws std::runtime_error with libmagic's reason, which is its database mostly.
  ContentTypes();
  ContentTypes(const ContentTypes&) = delete;
  ContentTypes& operator=(const ContentTypes&) = delete;
  ~ContentTypes();

  // "image/png", "text/plain; charset=utf-8"; "application/octet-stream" for what it does not know, and for nothing.
  std::string detect(std::string_view start) const;

 private:
  mutable std::mutex mutex_;
  struct Close {
    void operator()(magic_set* cookie) const noexcept;
  };
  std::unique_ptr<magic_set, Close> cookie_;
};

// type/subtype with parameters, as it may stand in a header field: printable ASCII, at most 255 bytes.
bool isContentType(std::string_view text);

// image/*, application/pdf, */*: what an operator may write.
bool isTypePattern(std::string_view pattern);

// Whether one of the patterns fits, letter case and parameters aside. No patterns: everything fits.
bool isAllowed(std::string_view type, const std::vector<std::string>& patterns);

}  // namespace files
