#include "core/services/jobs/job_lease.hpp"

#include <utility>

#include "core/ops/log.hpp"

namespace mortise::services {

JobLease::JobLease(JobStore& store, JobClock& clock, std::string node, std::chrono::milliseconds length,
                   std::function<void()> reported)
    : store_(store),
      clock_(clock),
      node_(std::move(node)),
      length_(length.count() * 1000),
      reported_(std::move(reported)) {}

void JobLease::begin(const Term& term) {
  term_ = term;
  held_ = true;
}

std::optional<std::int64_t> JobLease::end() {
  if (!std::exchange(held_, false)) return std::nullopt;
  return term_.epoch;
}

std::optional<JobLease::Term> JobLease::takeOver(const StoredRunner& seen) {
  const auto asked = clock_.monotonic();
  if (!store_.takeOver(seen, node_)) return std::nullopt;
  const Term term{seen.epoch + 1, validFrom(asked)};
  if (!seen.node.empty() && seen.node != node_) {
    const auto lost = closeLost(seen.node, "");
    log::warning("took the jobs over from another server",
                 {{"from", seen.node}, {"epoch", term.epoch}, {"lost_runs", lost}});
  }
  return term;
}

std::optional<JobLease::Term> JobLease::renew(std::int64_t epoch) {
  const auto asked = clock_.monotonic();
  if (!store_.renew(node_, epoch)) return std::nullopt;
  return Term{epoch, validFrom(asked)};
}

void JobLease::release(std::int64_t epoch) { store_.release(node_, epoch); }

std::int64_t JobLease::closeLost(std::string_view node, std::string_view boot) {
  const auto lost = store_.closeLost(node, boot, clock_.now());
  if (lost.reported > 0 && reported_) reported_();
  return lost.runs;
}

std::optional<StoredRunner> JobLease::takeable() {
  const auto current = store_.runner();
  // This server's own name in the row belongs to its earlier process, which has ended.
  if (current.node.empty() || current.node == node_) return current;
  const auto now = clock_.monotonic();
  if (current.epoch != seenRunner_.epoch || current.beat != seenRunner_.beat) {
    seenRunner_ = current;
    seenSince_ = now;
    return std::nullopt;
  }
  return now - seenSince_ >= length_ * 7 / 10 ? std::optional(current) : std::nullopt;
}

void JobLease::closeRunsOfSilentServers() {
  const auto now = clock_.monotonic();
  for (const auto& node : store_.nodes()) {
    if (node.node == node_) continue;
    auto& seen = seenNodes_[node.node];
    if (seen.beat != node.beat) {
      seen = {node.beat, now, false};
    } else if (!seen.closed && now - seen.since >= length_) {
      seen.closed = true;
      const auto lost = closeLost(node.node, "");
      if (lost > 0) log::warning("a server is gone; its runs are lost", {{"node", node.node}, {"runs", lost}});
    }
  }
}

}  // namespace mortise::services
