#include "bundle/bundle.hpp"

#include <mortise/problem.hpp>

#include <algorithm>
#include <utility>

#include "bundle/path_rules.hpp"
#include "bundle/refusal.hpp"
#include "text/ascii.hpp"
#include "text/unicode.hpp"

namespace skills {
namespace {

constexpr std::string_view kMain = "SKILL.md";

}  // namespace

const BundleFile* Bundle::find(std::string_view path) const noexcept {
  const auto place = std::lower_bound(files_.begin(), files_.end(), path,
                                      [](const BundleFile& file, std::string_view name) { return file.path < name; });
  return place != files_.end() && place->path == path ? &*place : nullptr;
}

// Every folder above a file is a folder, and the file is there once.
void BundleBuilder::claim(const std::string& path) {
  const auto folded = ascii::lower(path);
  for (auto slash = folded.find('/'); slash != std::string::npos; slash = folded.find('/', slash + 1)) {
    const auto [folder, isNew] = taken_.try_emplace(folded.substr(0, slash), false);
    if (!isNew && folder->second) throw refusal("skill_path_file_and_folder", path.substr(0, slash));
  }
  const auto [file, isNew] = taken_.try_emplace(folded, true);
  if (!isNew) throw refusal(file->second ? "skill_path_twice" : "skill_path_file_and_folder", path);
}

void BundleBuilder::add(std::string_view path, std::string bytes) {
  auto normalised = normalisedPath(path);
  if (bundle_.files_.size() >= kMaxFiles) throw mortise::Problem(422, "skill_too_many_files").with("most", kMaxFiles);
  if (bytes.size() > kMaxFileBytes) throw refusal("skill_file_too_large", normalised).with("most", kMaxFileBytes >> 10);
  if (bytes.size() > kMaxBundleBytes - bytes_) {
    throw mortise::Problem(422, "skill_bundle_too_large").with("most", kMaxBundleBytes >> 20);
  }
  claim(normalised);
  bytes_ += bytes.size();
  const bool isText = isUtf8(bytes) && bytes.find('\0') == std::string::npos;
  bundle_.files_.push_back({std::move(normalised), std::move(bytes), isText});
}

std::size_t BundleBuilder::room() const noexcept {
  if (bundle_.files_.size() >= kMaxFiles) return 0;
  return std::min(kMaxFileBytes, kMaxBundleBytes - bytes_);
}

void BundleBuilder::dropTopFolder() {
  auto& files = bundle_.files_;
  if (files.empty()) return;
  const auto end = files.front().path.find('/');
  if (end == std::string::npos) return;
  const auto top = files.front().path.substr(0, end + 1);
  const auto isBelow = [&](const BundleFile& file) { return file.path.starts_with(top); };
  if (!std::all_of(files.begin(), files.end(), isBelow)) return;
  taken_.clear();
  for (auto& file : files) {
    file.path.erase(0, top.size());
    claim(file.path);
  }
}

Bundle BundleBuilder::finish() && {
  std::sort(bundle_.files_.begin(), bundle_.files_.end(),
            [](const BundleFile& a, const BundleFile& b) { return a.path < b.path; });
  const auto* main = bundle_.find(kMain);
  if (main == nullptr) throw mortise::Problem(422, "skill_main_missing");
  if (!main->isText) throw mortise::Problem(422, "skill_main_not_text");
  return std::move(bundle_);
}

}  // namespace skills
