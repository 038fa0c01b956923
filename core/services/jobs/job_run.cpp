#include "core/services/jobs/job_run.hpp"

#include <algorithm>
#include <utility>

#include "core/base/identifiers.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/ops/log.hpp"
#include "core/services/service_error.hpp"

namespace mortise::services {
namespace {

constexpr std::size_t kMaxProgress = 1000;
constexpr std::size_t kMaxTargetName = 255;
constexpr std::size_t kMaxFailure = std::size_t{8} << 10;
constexpr std::size_t kMaxDetails = std::size_t{64} << 10;

// The last `size` bytes, starting at a character boundary.
std::string_view tail(std::string_view text, std::size_t size) {
  if (text.size() <= size) return text;
  text.remove_prefix(text.size() - size);
  while (!text.empty() && (static_cast<unsigned char>(text.front()) & 0xc0) == 0x80) text.remove_prefix(1);
  return text;
}

[[noreturn]] void refuse(const std::string& rule) { throw ServiceError(ErrorKind::invalid, "report: " + rule); }

void checkDetails(const std::string& details) {
  if (details.empty()) return;
  json::Document document;
  json::ParseError error;
  if (details.size() > kMaxDetails || details.find('\0') != std::string::npos ||
      !json::parse(details, document, error) || !document.IsObject())
    refuse("the details must be a JSON object of at most " + std::to_string(kMaxDetails) + " bytes");
}

}  // namespace

void JobRun::progress(int percent, std::string_view text) {
  percent = std::clamp(percent, 0, 100);
  log::debug("job progress", {{"job", job()}, {"run", id()}, {"percent", percent}, {"text", text}});
  const std::lock_guard lock(mutex_);
  percent_ = percent;
  progress_ = text::head(text, kMaxProgress);
  progressed_ = true;
}

void JobRun::output(std::string_view line) {
  const std::lock_guard lock(mutex_);
  output_.append(tail(line, kMaxOutput)).append("\n");
  // Trimmed occasionally, not for every line.
  if (output_.size() > 2 * kMaxOutput) output_ = tail(output_, kMaxOutput);
}

void JobRun::report(JobReport report) {
  if (report.target.empty() || report.target.size() > kMaxTargetName)
    refuse("a target has a name of 1 to " + std::to_string(kMaxTargetName) + " bytes");
  if (std::min({report.synced, report.created, report.updated, report.deleted}) < 0) refuse("a counter is 0 or more");
  checkDetails(report.details);
  report.target = text::storable(report.target);
  report.failure = text::head(text::storable(report.failure), kMaxFailure);
  const auto now = nowMicros();
  report.startedAt = report.state == JobReport::State::running ? now : 0;
  report.endedAt = report.state == JobReport::State::done ? now : 0;
  const std::lock_guard lock(mutex_);
  auto at = targets_.find(report.target);
  if (at == targets_.end()) {
    if (targets_.size() >= kMaxTargets)
      throw ServiceError(ErrorKind::full, "a run reports at most " + std::to_string(kMaxTargets) + " targets");
    at = targets_.emplace(report.target, static_cast<std::int64_t>(targets_.size()) + 1).first;
  }
  report.number = at->second;
  auto& waiting = reports_[report.number];
  if (waiting.startedAt > 0) report.startedAt = waiting.startedAt;
  waiting = std::move(report);
}

std::vector<JobReport> JobRun::takeReports() {
  const std::lock_guard lock(mutex_);
  std::vector<JobReport> reports;
  reports.reserve(reports_.size());
  for (auto& [number, report] : reports_) reports.push_back(std::move(report));
  reports_.clear();
  return reports;
}

void JobRun::returnReports(std::vector<JobReport> reports) {
  const std::lock_guard lock(mutex_);
  for (auto& report : reports) {
    const auto startedAt = report.startedAt;
    const auto [at, added] = reports_.try_emplace(report.number, std::move(report));
    if (!added && startedAt > 0) at->second.startedAt = startedAt;
  }
}

void JobRun::stop(Stop why) {
  auto none = Stop::none;
  stop_.compare_exchange_strong(none, why);
}

bool JobRun::takeProgress(std::int64_t& percent, std::string& text) {
  const std::lock_guard lock(mutex_);
  if (!std::exchange(progressed_, false)) return false;
  percent = percent_;
  text = text::storable(progress_);
  return true;
}

RunEnd JobRun::snapshot() const {
  RunEnd end;
  end.id = record_.id;
  end.jobId = record_.jobId;
  end.startedAt = startedAt();
  const std::lock_guard lock(mutex_);
  end.output = text::storable(tail(output_, kMaxOutput));
  end.percent = percent_;
  end.progress = text::storable(progress_);
  end.hasReported = !targets_.empty();
  return end;
}

}  // namespace mortise::services
