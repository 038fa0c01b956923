// What the policy of an organisation says to an archive that one of its members is about to store, and to the texts that
// come beside it or later: title, tags, alias.
#pragma once

#include <mortise/blobs.hpp>
#include <mortise/log.hpp>
#include <mortise/metrics.hpp>
#include <mortise/module.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dlp/policy_store.hpp"

namespace session_sharing {

// Without a policy that is enabled both are empty, and nothing was read.
struct PushOutcome {
  std::optional<std::string> scanResults;  // JSON text, for CapturedSession::dlpScanResults
  // To be stored in place of what was sent: read metadata, search text and etag from it. The blob is the caller's to
  // keep or to remove, as one that it wrote itself.
  std::optional<mortise::Blob> redacted;
};

// A short text that its owner gives by hand.
struct GivenText {
  std::string* text = nullptr;
  std::size_t most = 0;     // characters that fit, marks included
  bool canHoldMark = true;  // false: a text with something in it is refused where the policy says redact, too
};

// [worker]
class PushInspection {
 public:
  explicit PushInspection(mortise::Host host);

  // Scans every .json and .jsonl member of `archive` and the texts that come with it, by the policy of the caller's
  // organisation: one scan, whose findings are told together. Reads the archive once, and once more to redact it; the
  // largest text in it lies in memory. Where the policy says redact the texts have marks afterwards. Problems: 403
  // dlp_blocked with its findings; 400 dlp_uninspectable with the names of files that are no JSON, or that the
  // organisation's own patterns take too long for; 422 dlp_patterns_too_slow for a text; those of ArchiveReader; 504
  // when nobody waits for `request` any more; 503, 507.
  PushOutcome inspect(const mortise::File& archive, const std::vector<GivenText>& texts,
                      const mortise::Request& request) const;
  // The same for texts alone, which are no scan in the numbers of the organisation.
  void inspect(const std::vector<GivenText>& texts, const mortise::Request& request) const;

 private:
  PushOutcome judged(const mortise::File& archive, const std::vector<GivenText>& texts, const DlpPolicy& policy,
                     const std::function<void()>& cancelled) const;
  void note(const DlpPolicy& policy, const std::string& action, std::int64_t findings) const;

  mortise::Blobs blobs_;
  mortise::Log log_;
  PolicyStore policies_;
  std::map<std::string, mortise::Counter, std::less<>> scans_;  // by action
};

}  // namespace session_sharing
