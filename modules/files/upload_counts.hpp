// What /metrics says of uploads.
#pragma once

#include <mortise/metrics.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace files {

// [any]
class UploadCounts {
 public:
  explicit UploadCounts(mortise::Metrics metrics);
  void stored(std::uint64_t bytes) const noexcept;
  // By the code of the Problem; those larger than files.max_size never come here: the kernel counts them as 4xx of
  // uploadFile.
  void refused(std::string_view code) const noexcept;

 private:
  mortise::Counter uploads_;
  mortise::Counter bytes_;
  std::map<std::string, mortise::Counter, std::less<>> refused_;
  mortise::Counter refusedOtherwise_;
};

}  // namespace files
