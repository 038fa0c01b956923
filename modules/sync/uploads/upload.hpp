// An archive that arrives in parts: its fields and their columns.
#pragma once

#include <mortise/entity.hpp>
#include <mortise/names.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace session_sharing {

enum class UploadStatus { pending, completing, completed, aborted, expired };
constexpr auto mortiseNames(UploadStatus) {
  return mortise::names<UploadStatus>({{UploadStatus::pending, "pending"},
                                       {UploadStatus::completing, "completing"},
                                       {UploadStatus::completed, "completed"},
                                       {UploadStatus::aborted, "aborted"},
                                       {UploadStatus::expired, "expired"}});
}

// Its JSON is what GET shows, but the parts that have arrived.
struct Upload {
  std::string id;
  std::string userId;
  std::string sessionId;
  std::int64_t totalSize = 0;
  std::string sha256;
  std::int64_t partSize = 0;
  std::int64_t partCount = 0;
  UploadStatus status = UploadStatus::pending;
  mortise::Time createdAt;
  mortise::Time expiresAt;
  std::optional<mortise::Time> claimedAt;    // by a completion
  std::optional<std::int64_t> answerStatus;  // of the completion
  std::optional<std::string> answer;         // JSON

  // Of the part `number`, from 1 to partCount.
  std::int64_t sizeOfPart(std::int64_t number) const {
    return number < partCount ? partSize : totalSize - (partCount - 1) * partSize;
  }

  static constexpr auto kFields =
      mortise::fields("sync_uploads", mortise::field("id", &Upload::id).key().hidden(),
                      mortise::field("user_id", &Upload::userId).fixed().hidden(),
                      mortise::field("session_id", &Upload::sessionId).fixed().hidden(),
                      mortise::field("total_size", &Upload::totalSize).fixed().hidden(),
                      mortise::field("sha256", &Upload::sha256).fixed().hidden(),
                      mortise::field("status", &Upload::status), mortise::field("part_size", &Upload::partSize).fixed(),
                      mortise::field("part_count", &Upload::partCount).fixed(),
                      mortise::field("created_at", &Upload::createdAt).fixed().hidden(),
                      mortise::field("expires_at", &Upload::expiresAt).fixed(),
                      mortise::field("claimed_at", &Upload::claimedAt).hidden(),
                      mortise::field("answer_status", &Upload::answerStatus).hidden(),
                      mortise::field("answer", &Upload::answer).hidden())
          .times(mortise::kIsoMicros);
};

struct UploadPart {
  std::string uploadId;
  std::int64_t number = 0;
  std::string blobKey;
  std::int64_t size = 0;
  std::string sha256;

  static constexpr auto kFields =
      mortise::fields("sync_upload_parts", mortise::field("upload_id", &UploadPart::uploadId).key(),
                      mortise::field("part_number", &UploadPart::number).key(),
                      mortise::field("blob_key", &UploadPart::blobKey).hidden(),
                      mortise::field("size", &UploadPart::size), mortise::field("sha256", &UploadPart::sha256));
};

}  // namespace session_sharing
