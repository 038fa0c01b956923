#include "dlp/push_inspection.hpp"

#include <mortise/json.hpp>
#include <mortise/problem.hpp>
#include <mortise/time.hpp>

#include <exception>
#include <stdexcept>
#include <utility>
#include <vector>

#include "dlp/archive_inspection.hpp"
#include "utf8.hpp"

namespace session_sharing {
namespace {

namespace json = mortise::json;
using mortise::Problem;

std::map<std::string, mortise::Counter, std::less<>> counters(const mortise::Metrics& metrics) {
  std::map<std::string, mortise::Counter, std::less<>> out;
  for (const char* action : {"clean", "warn", "redact", "block"}) {
    out.emplace(action,
                metrics.counter("dlp_scans_total", "Pushed archives that were scanned for secrets and health data",
                                {{"action", action}}));
  }
  return out;
}

json::List shown(const std::vector<SensitiveFinding>& findings) {
  json::List list;
  for (const auto& finding : findings) {
    list.add(json::object({{"pattern", finding.pattern},
                           {"category", finding.category},
                           {"severity", finding.severity},
                           {"line", finding.line}}));
  }
  return list;
}

std::string resultsOf(const ArchiveFindings& findings, const DlpPolicy& policy, std::string_view action) {
  return json::object({{"scanned_at", mortise::isoTime(mortise::now())},
                       {"findings_count", findings.count},
                       {"mode", mortise::detail::nameOf(policy.mode)},
                       {"finding_types", json::list(findings.patterns)},
                       {"action_taken", action},
                       {"categories_scanned", json::list(policy.categories)}})
      .text();
}

// What stands in texts that were given by hand.
class TextFindings {
 public:
  // `matcher` lives as long as this object. Problem 422 dlp_patterns_too_slow.
  TextFindings(const std::vector<GivenText>& texts, const SensitiveTextMatcher& matcher) : texts_(texts) {
    MatchEffort effort;
    try {
      for (const auto& one : texts) places_.push_back(matcher.find(*one.text, effort));
    } catch (const TooMuchEffort&) {
      throw Problem(422, "dlp_patterns_too_slow");
    }
  }

  // Adds them to those of the archive; a text is a line.
  void addTo(ArchiveFindings& findings) const {
    for (const auto& places : places_) {
      for (const auto& place : places) {
        ++findings.count;
        findings.patterns.insert(place.kind->name);
        if (findings.first.size() < kMaxFindings)
          findings.first.push_back({place.kind->name, place.kind->category, place.kind->severity, 1});
      }
    }
  }
  bool canBeMarked() const {
    for (std::size_t i = 0; i < texts_.size(); ++i) {
      if (!places_[i].empty() && !texts_[i].canHoldMark) return false;
    }
    return true;
  }
  void mark() const {
    for (std::size_t i = 0; i < texts_.size(); ++i) {
      if (!places_[i].empty())
        *texts_[i].text = utf8::storable(SensitiveTextMatcher::redacted(*texts_[i].text, places_[i]), texts_[i].most);
    }
  }

 private:
  const std::vector<GivenText>& texts_;
  std::vector<std::vector<SensitivePlace>> places_;  // of each
};

// clean, warn, redact, block.
std::string actionFor(const ArchiveFindings& findings, const TextFindings& texts, const DlpPolicy& policy) {
  if (findings.count == 0) return "clean";
  const bool isBlocked = policy.mode == DlpMode::redact && !texts.canBeMarked();
  return std::string(mortise::detail::nameOf(isBlocked ? DlpMode::block : policy.mode));
}

Problem blockedBy(const ArchiveFindings& findings) {
  return Problem(403, "dlp_blocked").details(json::object({{"findings", shown(findings.first)}}).text());
}

}  // namespace

PushInspection::PushInspection(mortise::Host host)
    : blobs_(host.blobs()), log_(host.log()), policies_(host.db()), scans_(counters(host.metrics())) {}

PushOutcome PushInspection::inspect(const mortise::File& archive, const std::vector<GivenText>& texts,
                                    const mortise::Request& request) const {
  const auto policy = policies_.policyOf(request.principal().orgId);
  return policy.enabled ? judged(archive, texts, policy, [&] { request.stopIfExpired(); }) : PushOutcome();
}

void PushInspection::inspect(const std::vector<GivenText>& texts, const mortise::Request& request) const {
  const auto policy = policies_.policyOf(request.principal().orgId);
  if (!policy.enabled) return;
  const SensitiveTextMatcher matcher(matcherSettings(policy));
  const TextFindings textFindings(texts, matcher);
  ArchiveFindings findings;
  textFindings.addTo(findings);
  const auto action = actionFor(findings, textFindings, policy);
  if (findings.count > 0) note(policy, action, findings.count);
  if (action == "block") throw blockedBy(findings);
  if (action == "redact") textFindings.mark();
}

void PushInspection::note(const DlpPolicy& policy, const std::string& action, std::int64_t findings) const {
  log_.info("a pushed session holds what its organisation does not want shared",
            {{"org", policy.orgId}, {"action", action}, {"findings", findings}});
}

PushOutcome PushInspection::judged(const mortise::File& archive, const std::vector<GivenText>& texts,
                                   const DlpPolicy& policy, const std::function<void()>& cancelled) const {
  const SensitiveTextMatcher matcher(matcherSettings(policy));
  const TextFindings textFindings(texts, matcher);
  const auto bytes = bytesOf(archive);
  auto findings = inspectArchive(bytes, matcher, policy.mode == DlpMode::redact, cancelled);
  if (!findings.unreadable.empty()) {
    throw Problem(400, "dlp_uninspectable").details(json::object({{"files", json::list(findings.unreadable)}}).text());
  }
  const bool isArchiveClean = findings.count == 0;
  textFindings.addTo(findings);
  const auto action = actionFor(findings, textFindings, policy);
  policies_.countScan(policy.orgId, action);
  scans_.at(action).add();
  PushOutcome outcome;
  outcome.scanResults = resultsOf(findings, policy, action);
  if (findings.count == 0) return outcome;
  note(policy, action, findings.count);
  if (action == "block") throw blockedBy(findings);
  if (action != "redact") return outcome;
  textFindings.mark();
  if (isArchiveClean) return outcome;
  auto writer = blobs_.writer();
  try {
    packRedacted(bytes, matcher, findings, cancelled, [&](std::string_view piece) { writer.write(piece); });
  } catch (const Problem&) {
    throw;
  } catch (const std::runtime_error& error) {
    throw Problem(400, "dlp_redaction_failed").note(error.what());
  }
  outcome.redacted = writer.finish();
  return outcome;
}

}  // namespace session_sharing
