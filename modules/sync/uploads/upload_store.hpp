// The tables of uploads and their parts. A status changes only where the row has the one that it changes from.
#pragma once

#include <mortise/db.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "library/account_removal.hpp"
#include "uploads/upload.hpp"

namespace session_sharing {

// After this time without an answer a completion counts as dead, and another one may begin.
inline constexpr std::chrono::minutes kClaimTime{30};

// [worker]; every member throws db::Error.
class UploadStore : public AccountRemoval {
 public:
  explicit UploadStore(mortise::Db db) : db_(db) {}
  // The same store as a part of a transaction.
  UploadStore in(const mortise::Transaction& tx) const { return UploadStore(db_.in(tx)); }

  std::optional<Upload> find(std::string_view id) const;
  std::vector<UploadPart> parts(std::string_view id) const;  // in the order of their numbers

  // False: the user has `most` that are neither over nor expired.
  bool add(const Upload& upload, std::size_t most) const;
  // Keeps a part of an upload that is pending. False: it is not pending. `replaced`: the blob that the part had until
  // then.
  bool putPart(const UploadPart& part, std::optional<std::string>& replaced) const;

  // From pending, or from a completion that is dead, to completing. False: it is otherwise, or its time is over.
  bool claim(std::string_view id, mortise::Time now) const;
  // From completing back to pending, with its parts.
  void release(std::string_view id) const;
  // The same for every completion, where no other server can be at one.
  void releaseAll() const;
  // To completed, with the answer.
  void complete(std::string_view id, std::int64_t status, std::string_view answer) const;
  // From pending or completing to aborted or expired. False: it had ended.
  bool end(std::string_view id, UploadStatus status) const;
  // Forgets the parts of an upload that has ended; the keys of their blobs.
  std::vector<std::string> takeParts(std::string_view id) const;

  // Ids of at most `limit` uploads that have not ended although their time is over.
  std::vector<std::string> overdue(mortise::Time now, std::size_t limit) const;
  // Ids of at most `limit` uploads that have ended and still have parts.
  std::vector<std::string> endedWithParts(std::size_t limit) const;
  // Ends those of the user; the job removes their parts.
  void accountRemoved(const mortise::Transaction& tx, std::string_view userId) override;
  // Removes the rows of uploads that have ended and expired before `before`; how many.
  std::int64_t forget(mortise::Time before) const;

 private:
  mortise::Db db_;
};

}  // namespace session_sharing
