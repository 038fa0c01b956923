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

StoredFile UploadCounts::counted(const std::function<StoredFile()>& store) const {
  try {
    auto file = store();
    uploads_.add();
    bytes_.add(static_cast<std::uint64_t>(file.size));
    return file;
  } catch (const mortise::Problem& problem) {
    refused(problem.code());
    throw;
  }
}

void UploadCounts::refused(std::string_view code) const noexcept {
  const auto counter = refused_.find(code);
  (counter == refused_.end() ? refusedOtherwise_ : counter->second).add();
}

}  // namespace files
