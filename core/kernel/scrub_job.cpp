#include "core/kernel/scrub_job.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

#include "core/base/json.hpp"
#include "core/ops/log.hpp"
#include "core/plugin/host_errors.hpp"
#include "core/plugin/lane.hpp"
#include "mortise/abi/sync_sessions.h"

namespace mortise::kernel {
namespace {

using plugin::str;
using services::ScrubbedScope;

constexpr std::size_t kMaxNamed = 100;  // in a record's details, which have room for 64 KiB
constexpr std::size_t kMaxReason = 200;

// What people see of the pass while it goes on. Without the module sync, or when it fails, the pass goes on unseen: the
// blobs matter more.
class Session {
 public:
  Session(const void* table, const services::JobRun& run, const std::vector<std::string>& scopes)
      : table_(scopes.empty() ? nullptr : static_cast<const mortise_sync_sessions_v1*>(table)) {
    if (table_ == nullptr) return;
    mortise_sync_session session{};
    session.struct_size = sizeof session;
    session.type = str(run.manual() ? "manual_task" : "scheduled_task");
    session.category = str("other");
    session.created_by = run.createdBy();
    if (!report([&](auto* error) { return table_->open(table_->context, &session, id_, error); })) {
      table_ = nullptr;
      return;
    }
    std::vector<mortise_sync_target> targets;
    for (const auto& scope : scopes) {
      targets.push_back({static_cast<std::int64_t>(targets.size()) + 1, str(scope)});
    }
    records_.resize(targets.size());
    report([&](auto* error) {
      return table_->add_targets(table_->context, str(id_), targets.data(), targets.size(), records_.data(), error);
    });
  }
  ~Session() { finish("the pass broke off"); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  bool cancelled() const { return table_ != nullptr && table_->cancelled(table_->context, str(id_)) != 0; }
  void start(std::size_t scope) const {
    if (table_ == nullptr) return;
    report([&](auto* error) { return table_->start(table_->context, records_[scope], error); });
  }
  void progress(std::size_t scope, const ScrubbedScope& result) const {
    if (table_ == nullptr) return;
    const auto counters = countersOf(result);
    report([&](auto* error) { return table_->progress(table_->context, records_[scope], &counters, error); });
  }
  void complete(std::size_t scope, const ScrubbedScope& result, const std::string& details) const {
    if (table_ == nullptr) return;
    const auto counters = countersOf(result);
    report([&](auto* error) {
      return table_->complete(table_->context, records_[scope], &counters, str(details), error);
    });
  }
  void fail(std::size_t scope, const std::string& message, const std::string& details) const {
    if (table_ == nullptr) return;
    report(
        [&](auto* error) { return table_->fail(table_->context, records_[scope], str(message), str(details), error); });
  }
  void finish(std::string_view reason) {
    const auto* table = std::exchange(table_, nullptr);
    if (table != nullptr) table->finish(table->context, str(id_), str(reason), nullptr);
  }

 private:
  static mortise_sync_counters countersOf(const ScrubbedScope& result) {
    return {sizeof(mortise_sync_counters), static_cast<std::int64_t>(result.blobs), 0, 0,
            static_cast<std::int64_t>(result.damaged.size())};
  }
  template <typename Call>
  static bool report(Call call) {
    mortise_error error{};
    error.struct_size = sizeof error;
    const auto status = call(&error);
    if (status == MORTISE_OK) return true;
    if (status != MORTISE_CLOSED)
      log::warning("a scrub can't be reported", {{"interface", MORTISE_SYNC_SESSIONS_V1}, {"reason", error.text}});
    return false;
  }

  const mortise_sync_sessions_v1* table_;
  char id_[37] = {};
  std::vector<std::int64_t> records_;
};

std::string detailsOf(const ScrubbedScope& result) {
  std::string damaged;
  std::string unreadable;
  for (std::size_t i = 0; i < std::min(result.damaged.size(), kMaxNamed); ++i) {
    damaged += (i == 0 ? "" : ",") + json::quoted(result.damaged[i]);
  }
  for (std::size_t i = 0; i < std::min(result.unreadable.size(), kMaxNamed); ++i) {
    const auto& one = result.unreadable[i];
    unreadable += std::string(i == 0 ? "" : ",") + "{\"key\":" + json::quoted(one.key) +
                  ",\"reason\":" + json::quoted(services::storable(one.reason.substr(0, kMaxReason))) + "}";
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

void report(const ScrubbedScope& result, services::JobRun& run) {
  for (const auto& key : result.damaged) {
    log::error("a blob is damaged and was set aside", {{"blob", key}});
    run.output("damaged, set aside: " + key);
  }
  for (const auto& [key, reason] : result.unreadable) {
    log::error("a blob can't be read", {{"blob", key}, {"reason", reason}});
    run.output("unreadable: " + key + ": " + reason);
  }
}

void add(ScrubbedScope& total, ScrubbedScope&& one) {
  total.blobs += one.blobs;
  total.bytes += one.bytes;
  total.damaged.insert(total.damaged.end(), one.damaged.begin(), one.damaged.end());
  total.unreadable.insert(total.unreadable.end(), one.unreadable.begin(), one.unreadable.end());
}

}  // namespace

ScrubJob::ScrubJob(services::Blobs& blobs, const plugin::ProvidedInterfaces& provided, ops::Registry& metrics,
                   std::uint64_t bytesPerSecond)
    : blobs_(blobs),
      provided_(provided),
      damaged_(
          metrics.gauge("mortise_blobs_damaged", "Damaged blobs that a scrub set aside and nobody has taken away yet")),
      rate_(bytesPerSecond) {}

void ScrubJob::count() { damaged_.set(static_cast<double>(blobs_.countSetAside())); }

std::string ScrubJob::run(services::JobRun& run) {
  const plugin::LaneScope lane(plugin::ThreadLane::worker);
  const auto leftovers = blobs_.cleanUp();
  if (leftovers > 0) run.output(std::to_string(leftovers) + " leftovers of uploads removed");
  const auto scopes = blobs_.scopes();
  Session session(provided_.lookup(MORTISE_SYNC_SESSIONS_V1), run, scopes);
  services::BlobScrub scrub(blobs_, rate_, [&] { return run.cancelled() || session.cancelled(); });
  ScrubbedScope total;
  for (std::size_t i = 0; i < scopes.size(); ++i) {
    session.start(i);
    auto result = scrub.run(scopes[i], [&](const ScrubbedScope& soFar) { session.progress(i, soFar); });
    report(result, run);
    if (result.cancelled) {
      count();
      session.finish("cancelled");
      return "cancelled in scope " + scopes[i] + " after " + summaryOf(result);
    }
    run.output(scopes[i] + ": " + summaryOf(result));
    if (result.damaged.empty() && result.unreadable.empty()) {
      session.complete(i, result, detailsOf(result));
    } else {
      session.fail(i, summaryOf(result), detailsOf(result));
    }
    run.progress(static_cast<int>((i + 1) * 100 / scopes.size()), scopes[i]);
    add(total, std::move(result));
  }
  count();
  session.finish({});
  if (!total.damaged.empty() || !total.unreadable.empty()) throw std::runtime_error(summaryOf(total));
  return summaryOf(total);
}

}  // namespace mortise::kernel
