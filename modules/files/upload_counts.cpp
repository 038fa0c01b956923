#include "upload_counts.hpp"

namespace files {
namespace {

mortise::Counter refusals(const mortise::Metrics& metrics, const char* reason) {
  return metrics.counter("uploads_refused_total", "Uploads that were received and refused", {{"reason", reason}});
}

}  // namespace

UploadCounts::UploadCounts(mortise::Metrics metrics)
    : uploads_(metrics.counter("uploads_total", "Files stored")),
      bytes_(metrics.counter("uploaded_bytes_total", "Bytes of files stored, before equal contents are counted once")),
      refused_{{"type_not_allowed", refusals(metrics, "type")},
               {"validation_failed", refusals(metrics, "form")},
               {"payload_too_large", refusals(metrics, "size")},
               {"storage_full", refusals(metrics, "storage_full")}},
      refusedOtherwise_(refusals(metrics, "other")) {}

void UploadCounts::stored(std::uint64_t bytes) const noexcept {
  uploads_.add();
  bytes_.add(bytes);
}

void UploadCounts::refused(std::string_view code) const noexcept {
  const auto found = refused_.find(code);
  (found == refused_.end() ? refusedOtherwise_ : found->second).add();
}

}  // namespace files
