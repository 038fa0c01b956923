#include "sweep.hpp"

#include <mortise/time.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace files {
namespace {

using mortise::JobRun;

constexpr std::chrono::hours kYoung{24};  // may belong to a put that goes on
constexpr std::size_t kPage = 500;

// Calls use(key) for each key that next(after) returns, page by page.
template <class Next, class Use>
void eachOfPages(const JobRun& run, Next&& next, Use&& use) {
  std::string after;
  while (!run.cancelled()) {
    const std::vector<std::string> keys = next(after);
    for (const auto& key : keys) use(key);
    if (keys.size() < kPage) return;
    after = keys.back();
  }
}

}  // namespace

Sweep::Sweep(mortise::Host host, const FileService& service)
    : log_(host.log()), blobs_(host.blobs()), service_(service), store_(host.db()) {}

void Sweep::run(JobRun& run) {
  const auto old = mortise::now() - kYoung;
  auto removed = removeUnheld(run, old);
  removed += removeUnknown(run, old);
  run.output("removed " + std::to_string(removed) + " contents");
  if (removed == 0) return;
  log_.info("contents without files removed", {{"count", removed}});
  run.report({.target = "contents of files", .deleted = removed});
}

std::int64_t Sweep::removeUnheld(const JobRun& run, mortise::Time old) const {
  std::int64_t removed = 0;
  eachOfPages(
      run, [&](const std::string& after) { return store_.unheld(old, after, kPage); },
      [&](const std::string& key) { removed += service_.dropContent(key) ? 1 : 0; });
  return removed;
}

// Contents that lie in the store and have no entry.
std::int64_t Sweep::removeUnknown(const JobRun& run, mortise::Time old) const {
  std::int64_t removed = 0;
  std::string after;
  while (!run.cancelled()) {
    const auto blobs = blobs_.list({}, after, kPage);
    std::vector<std::string> keys;
    for (const auto& blob : blobs) {
      if (mortise::timeOf(blob.storedAt) < old) keys.push_back(blob.key);
    }
    const auto known = store_.known(keys);
    for (const auto& key : keys) {
      if (std::find(known.begin(), known.end(), key) != known.end()) continue;
      store_.noticeUnheld(key, mortise::now());
      removed += service_.dropContent(key) ? 1 : 0;
    }
    if (blobs.size() < kPage) break;
    after = blobs.back().key;
  }
  return removed;
}

}  // namespace files
