// What /metrics says of uploads.
#pragma once

#include <mortise/metrics.hpp>
#include <mortise/problem.hpp>

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "stored_file.hpp"

namespace files {

// [any]
class UploadCounts {
 public:
  explicit UploadCounts(mortise::Metrics metrics);

  // Runs `store`, and counts the file that it returns, or by its code the Problem that it throws. Files larger than
  // files.max_size never come here: the kernel counts them as 4xx of uploadFile.
  StoredFile counted(const std::function<StoredFile()>& store) const;

 private:
  void refused(std::string_view code) const noexcept;

  mortise::Counter uploads_;
  mortise::Counter bytes_;
  std::map<std::string, mortise::Counter, std::less<>> refused_;
  mortise::Counter refusedOtherwise_;
};

}  // namespace files
