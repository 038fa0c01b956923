#include "core/kernel/scrub_job.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/ops/log.hpp"
#include "core/plugin/lane.hpp"

namespace mortise::kernel {
namespace {

using services::ScrubbedScope;

constexpr std::size_t kMaxNamed = 100;  // in a record's details, which have room for 64 KiB
constexpr std::size_t kMaxReason = 200;

using State = services::JobReport::State;

std::string detailsOf(const ScrubbedScope& result) {
  std::string damaged;
  std::string unreadable;
  for (std::size_t i = 0; i < std::min(result.damaged.size(), kMaxNamed); ++i) {
    damaged += (i == 0 ? "" : ",") + json::quoted(result.damaged[i]);
  }
  for (std::size_t i = 0; i < std::min(result.unreadable.size(), kMaxNamed); ++i) {
    const auto& one = result.unreadable[i];
    unreadable += std::string(i == 0 ? "" : ",") + "{\"key\":" + json::quoted(one.key) +
                  ",\"reason\":" + json::quoted(text::head(text::storable(one.reason), kMaxReason)) + "}";
  }
  return "{\"version\":1,\"blobs\":" + std::to_string(result.blobs) + ",\"bytes\":" + std::to_string(result.bytes) +
         ",\"damaged_count\":" + std::to_string(result.damaged.size()) + ",\"damaged\":[" + damaged +
         "],\"unreadable_count\":" + std::to_string(result.unreadable.size()) + ",\"unreadable\":[" + unreadable + "]}";
}

std::string summaryOf(const ScrubbedScope& result) {
  return std::to_string(result.blobs) + " blobs, " + std::to_string(result.bytes) + " bytes, " +
         std::to_string(result.damaged.size()) + " damaged, " + std::to_string(result.unreadable.size()) +
         " unreadable";
}

// One line for each blob that is not sound, in the log and in the run's record.
void name(const ScrubbedScope& result, services::JobRun& run) {
  for (const auto& key : result.damaged) {
    log::error("a blob is damaged and was set aside", {{"blob", key}});
    run.output("damaged, set aside: " + key);
  }
  for (const auto& [key, reason] : result.unreadable) {
    log::error("a blob can't be read", {{"blob", key}, {"reason", reason}});
    run.output("unreadable: " + key + ": " + reason);
  }
}

// Of one scope, as people see it while the pass goes on and after it.
services::JobReport reportOf(const std::string& scope, State state, const ScrubbedScope& result) {
  services::JobReport report;
  report.target = scope;
  report.state = state;
  report.synced = static_cast<std::int64_t>(result.blobs);
  report.deleted = static_cast<std::int64_t>(result.damaged.size());
  if (state == State::done) {
    report.details = detailsOf(result);
    if (!result.damaged.empty() || !result.unreadable.empty()) report.failure = summaryOf(result);
  }
  return report;
}

void add(ScrubbedScope& total, ScrubbedScope&& one) {
  total.blobs += one.blobs;
  total.bytes += one.bytes;
  total.damaged.insert(total.damaged.end(), one.damaged.begin(), one.damaged.end());
  total.unreadable.insert(total.unreadable.end(), one.unreadable.begin(), one.unreadable.end());
}

}  // namespace

ScrubJob::ScrubJob(services::Blobs& blobs, ops::Registry& metrics, std::uint64_t bytesPerSecond)
    : blobs_(blobs),
      damaged_(
          metrics.gauge("mortise_blobs_damaged", "Damaged blobs that a scrub set aside and that were not removed yet")),
      rate_(bytesPerSecond) {}

void ScrubJob::count() { damaged_.set(static_cast<double>(blobs_.countSetAside())); }

std::string ScrubJob::run(services::JobRun& run) {
  const plugin::LaneScope lane(plugin::ThreadLane::worker);
  const auto leftovers = blobs_.cleanUp();
  if (leftovers > 0) run.output(std::to_string(leftovers) + " leftovers of uploads removed");
  const auto scopes = blobs_.scopes();
  for (const auto& scope : scopes) run.report(reportOf(scope, State::pending, {}));
  services::BlobScrub scrub(blobs_, rate_, [&] { return run.cancelled(); });
  ScrubbedScope total;
  for (std::size_t i = 0; i < scopes.size(); ++i) {
    const auto& scope = scopes[i];
    run.report(reportOf(scope, State::running, {}));
    auto result =
        scrub.run(scope, [&](const ScrubbedScope& soFar) { run.report(reportOf(scope, State::running, soFar)); });
    name(result, run);
    if (result.cancelled) {
      count();
      return "cancelled in scope " + scope + " after " + summaryOf(result);
    }
    run.output(scope + ": " + summaryOf(result));
    run.report(reportOf(scope, State::done, result));
    run.progress(static_cast<int>((i + 1) * 100 / scopes.size()), scope);
    add(total, std::move(result));
  }
  count();
  if (!total.damaged.empty() || !total.unreadable.empty()) throw std::runtime_error(summaryOf(total));
  return summaryOf(total);
}

}  // namespace mortise::kernel
