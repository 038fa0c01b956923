// Which blobs stay. The same bytes lie in one blob, however many rows name it: sessions and their copies, parts of
// uploads, indexes of messages. A row holds the blob that it names; nothing counts, the tables are asked.
//
// A row that begins to hold a blob:
//   const auto blob = blobs_.put(file);
//   held_.keep(blob.key, [&](Transaction& tx) { … write the row … }, [&] { blobs_.put(file); });
// From hold() on nothing removes the blob, so that no row is committed that names one which is not there. A copy of a
// row calls hold() itself, and reads the original behind it, in the same transaction.
// A row that ceases to hold one: after the commit, held_.drop(key).
// What a crash leaves is a blob without rows: the sweep's.
#pragma once

#include <mortise/blobs.hpp>
#include <mortise/db.hpp>
#include <mortise/host.hpp>
#include <mortise/jobs.hpp>
#include <mortise/log.hpp>
#include <mortise/problem.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace session_sharing {

// [worker]
class HeldBlobs {
 public:
  explicit HeldBlobs(mortise::Host host);

  // Until the transaction ends nothing removes the blob. Before the row that names it is written. False: it was removed
  // before, and no row may name it. Problem 503; throws db::Error.
  [[nodiscard]] bool hold(mortise::Transaction& tx, std::string_view key) const;
  // Runs write(tx), which writes the row, in a transaction behind hold(); what it returns. Where the blob was removed
  // meanwhile, again() puts the same bytes anew, without a transaction, and all begins from the start. Problems: 503;
  // what the two throw.
  template <class Write, class Again>
  auto keep(const std::string& key, Write&& write, Again&& again) const {
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      auto result = db_.transaction([&](mortise::Transaction& tx) {
        using Result = std::optional<decltype(write(tx))>;
        return hold(tx, key) ? Result(write(tx)) : Result();
      });
      if (result) return std::move(*result);
      again();
    }
    throw mortise::Problem(503, "unavailable").retryAfter(1).note("a blob is removed again and again: " + key);
  }
  // Removes a blob that no row names (any more), and the index of messages of an archive that is gone. Not in a
  // transaction. False: a row names it, or it could not be removed now, which is logged; then the sweep does it. Throws
  // nothing.
  bool drop(std::string_view key) const;

  // The job: removes blobs of more than a day that no row names. Stops early when the run is cancelled.
  void sweep(mortise::JobRun& run);

 private:
  static constexpr int kAttempts = 5;
  std::vector<std::string> unheld(const std::vector<std::string>& keys) const;

  mortise::Log log_;
  mortise::Db db_;
  mortise::Blobs blobs_;
};

}  // namespace session_sharing
