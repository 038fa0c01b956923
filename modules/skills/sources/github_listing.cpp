#include "sources/github_listing.hpp"

#include <mortise/digest.hpp>

#include "bundle/refusal.hpp"
#include "text/json_text.hpp"
#include "text/unicode.hpp"

namespace skills {
namespace {

GithubEntry readEntry(const rapidjson::Value& value, std::string_view folder) {
  if (!value.IsObject()) throw refusal("skill_github_answer", folder);
  GithubEntry entry;
  entry.path = textMember(value, "path");
  const auto type = textMember(value, "type");
  const auto name = entry.path.size() > folder.size() + 1 ? std::string_view(entry.path).substr(folder.size() + 1) : "";
  const bool inside = entry.path.starts_with(folder) && !name.empty() && entry.path[folder.size()] == '/' &&
                      name.find_first_of("/\\") == std::string_view::npos && name != "." && name != "..";
  if (!inside) throw refusal("skill_github_elsewhere", entry.path).with("folder", printable(folder));
  if (type == "symlink") throw refusal("skill_link_refused", entry.path);
  // A submodule is announced as a file, for the sake of old clients.
  if (type == "submodule" || !textMember(value, "submodule_git_url").empty())
    throw refusal("skill_submodule_refused", entry.path);
  if (type != "file" && type != "dir") throw refusal("skill_github_answer", entry.path);
  entry.isFolder = type == "dir";
  entry.downloadUrl = textMember(value, "download_url");
  if (!entry.isFolder && entry.downloadUrl.empty()) throw refusal("skill_submodule_refused", entry.path);
  entry.sha = textMember(value, "sha");
  if (const auto* size = memberOf(value, "size"); size != nullptr && size->IsUint64()) entry.size = size->GetUint64();
  return entry;
}

}  // namespace

std::vector<GithubEntry> readListing(std::string_view json, std::string_view folder) {
  rapidjson::Document document;
  if (!parseJson(json, document)) throw refusal("skill_github_answer", folder);
  const auto type = textMember(document, "type");
  if (type == "file") throw refusal("skill_github_file", folder);
  if (type == "symlink") throw refusal("skill_link_refused", folder);
  if (type == "submodule") throw refusal("skill_submodule_refused", folder);
  if (!document.IsArray()) throw refusal("skill_github_answer", folder);
  std::vector<GithubEntry> entries;
  for (const auto& value : document.GetArray()) entries.push_back(readEntry(value, folder));
  return entries;
}

bool isAnnounced(const GithubEntry& entry, std::string_view bytes) {
  if (entry.size && *entry.size != bytes.size()) return false;
  if (entry.sha.empty()) return true;
  const std::string head = "blob " + std::to_string(bytes.size());
  const std::string_view zero("\0", 1);
  constexpr std::size_t kSha256Digits = 64;
  const auto sum = entry.sha.size() == kSha256Digits ? mortise::sha256Hex({head, zero, bytes})
                                                     : mortise::sha1Hex({head, zero, bytes});
  return sum == entry.sha;
}

}  // namespace skills
