// One current run of a job: the arguments of its function, and its reports.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/services/jobs/job_report.hpp"
#include "core/services/jobs/job_store.hpp"

namespace mortise::services {

// Thread-safe.
class JobRun {
 public:
  enum class Stop : std::uint8_t { none, asked, timeLimit };
  static constexpr std::size_t kMaxOutput = 64 << 10;
  static constexpr std::size_t kMaxTargets = 100000;

  JobRun(StoredRun record, std::string payload) : record_(std::move(record)), payload_(std::move(payload)) {}

  const std::string& job() const { return record_.jobId; }  // "module.job"
  const std::string& id() const { return record_.id; }
  const std::string& payload() const { return payload_; }
  bool manual() const { return record_.manual; }
  std::int64_t dueAt() const { return record_.dueAt; }
  std::int64_t createdBy() const { return record_.createdBy; }
  std::int64_t startedAt() const { return startedAt_.load(std::memory_order_relaxed); }
  bool cancelled() const { return stop_.load(std::memory_order_relaxed) != Stop::none; }  // asked to stop: return soon

  // 0..100. Stored in the record, and logged at level debug.
  void progress(int percent, std::string_view text);
  // Adds a line to the record, which keeps the last 64 KiB.
  void output(std::string_view line);
  // What became of one target, or how far it is; takes the place of what was reported of it before. The number and the
  // times are given here. ServiceError{invalid}: the target has no name or a long one, a counter is negative, the
  // details are no JSON object of at most 64 KiB; {full}: kMaxTargets have reports.
  void report(JobReport report);

  // The engine's side.
  void begin(std::int64_t now) { startedAt_.store(now, std::memory_order_relaxed); }
  void stop(Stop why);  // the first reason stays
  Stop stopped() const { return stop_.load(std::memory_order_relaxed); }
  const StoredRun& record() const { return record_; }
  // Returns true once after each new progress report.
  bool takeProgress(std::int64_t& percent, std::string& text);
  // The reports since the last call, one of each target.
  std::vector<JobReport> takeReports();
  // They could not be stored: the next takeReports() has them, except where a newer one came.
  void returnReports(std::vector<JobReport> reports);
  // The present record; the caller sets `outcome` and `error`.
  RunEnd snapshot() const;

 private:
  const StoredRun record_;
  const std::string payload_;
  std::atomic<std::int64_t> startedAt_{0};
  std::atomic<Stop> stop_{Stop::none};
  mutable std::mutex mutex_;
  std::string output_;
  std::int64_t percent_ = -1;
  std::string progress_;
  bool progressed_ = false;
  std::unordered_map<std::string, std::int64_t> targets_;  // name -> number
  std::map<std::int64_t, JobReport> reports_;              // not yet taken, by number
};

// The function of a job; returns a short text for the record; throws to fail.
using JobFunction = std::function<std::string(JobRun&)>;

}  // namespace mortise::services
