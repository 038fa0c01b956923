// Finds secrets and health data in text. The patterns run on RE2: the time grows with the text only, whatever stands in
// it and whatever patterns an organisation adds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace session_sharing {

// What a pattern finds: "aws_access_key_id", "secrets", "critical".
struct SensitiveKind {
  std::string name;
  std::string category;  // secrets, phi
  std::string severity;  // critical, high, medium, low
};

// A place in a text. `kind` lives as long as the matcher.
struct SensitivePlace {
  const SensitiveKind* kind = nullptr;
  std::size_t begin = 0;  // bytes
  std::size_t end = 0;
};

// A pattern of an organisation's own.
struct CustomPattern {
  std::string name;
  std::string regex;
  std::string category;
  std::string severity;
};

struct MatcherSettings {
  bool secrets = true;
  bool phi = false;
  std::vector<CustomPattern> custom;   // those that customPatternFault() has no fault with
  std::vector<std::string> allowlist;  // what contains one of these is not found
};

// Why a pattern can't be used ("invalid regex: missing )"); empty when it can.
std::string customPatternFault(const CustomPattern& pattern);

// What an organisation's own patterns may still cost, in bytes looked through: one that begins anew at every byte would
// take a time that grows with the square of the text. Counted the same way each time.
struct MatchEffort {
  std::uint64_t left = std::uint64_t{256} << 20;
};
struct TooMuchEffort : std::runtime_error {
  TooMuchEffort() : std::runtime_error("the organisation's own patterns take too long") {}
};

// Immutable, for any number of threads. [any]
class SensitiveTextMatcher {
 public:
  explicit SensitiveTextMatcher(const MatcherSettings& settings);
  ~SensitiveTextMatcher();

  // The one that finds the secrets that everybody agrees on, for titles and public pages.
  static const SensitiveTextMatcher& ofSecrets();

  // In order, without overlaps. The marks that redacted() leaves are never found again. Throws TooMuchEffort.
  std::vector<SensitivePlace> find(std::string_view text, MatchEffort& effort) const;
  // A value that JSON has under `key`: the key may tell what the value is ("password": "…"). Places in `value`.
  std::vector<SensitivePlace> findValue(std::string_view key, std::string_view value, MatchEffort& effort) const;
  // For a matcher without patterns of an organisation's own.
  std::vector<SensitivePlace> find(std::string_view text) const;

  // The text with "[REDACTED:name of the kind]" in those places.
  static std::string redacted(std::string_view text, const std::vector<SensitivePlace>& places);
  // The text with `mark` in the place of everything that is found.
  std::string replaced(std::string_view text, std::string_view mark) const;

 private:
  struct Parts;
  std::unique_ptr<const Parts> parts_;
};

}  // namespace session_sharing
