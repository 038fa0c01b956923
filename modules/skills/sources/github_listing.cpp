#include "sources/github_listing.hpp"

#include <rapidjson/document.h>
#include <mortise/problem.hpp>

#include "text/digest.hpp"
#include "text/unicode.hpp"

namespace skills {
namespace {

mortise::Problem refusal(const char* code, std::string_view path) {
  return mortise::Problem(422, code).with("path", printable(path));
}

// The text of a member; empty when it is absent, null or of another kind.
std::string_view text(const rapidjson::Value& object, const char* name) {
  const auto found = object.FindMember(name);
  if (found == object.MemberEnd() || !found->value.IsString()) return {};
  return {found->value.GetString(), found->value.GetStringLength()};
}

GithubEntry readEntry(const rapidjson::Value& value, std::string_view folder) {
  if (!value.IsObject()) throw refusal("skill_github_answer", folder);
  GithubEntry entry;
  entry.path = text(value, "path");
  const auto type = text(value, "type");
  const auto name = entry.path.size() > folder.size() + 1 ? std::string_view(entry.path).substr(folder.size() + 1) : "";
  const bool inside = entry.path.starts_with(folder) && !name.empty() && entry.path[folder.size()] == '/' &&
                      name.find_first_of("/\\") == std::string_view::npos && name != "." && name != "..";
  if (!inside) throw refusal("skill_github_elsewhere", entry.path).with("folder", printable(folder));
  if (type == "symlink") throw refusal("skill_link_refused", entry.path);
  // A submodule is announced as a file, for the sake of old clients.
  if (type == "submodule" || !text(value, "submodule_git_url").empty())
    throw refusal("skill_submodule_refused", entry.path);
  if (type != "file" && type != "dir") throw refusal("skill_github_answer", entry.path);
  entry.isFolder = type == "dir";
  entry.downloadUrl = text(value, "download_url");
  if (!entry.isFolder && entry.downloadUrl.empty()) throw refusal("skill_submodule_refused", entry.path);
  entry.sha = text(value, "sha");
  const auto size = value.FindMember("size");
  if (size != value.MemberEnd() && size->value.IsUint64()) entry.size = size->value.GetUint64();
  return entry;
}

}  // namespace

std::vector<GithubEntry> readListing(std::string_view json, std::string_view folder) {
  constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;
  rapidjson::Document document;
  const bool broken = document.Parse<kFlags>(json.data(), json.size()).HasParseError();
  if (!broken && document.IsObject() && text(document, "type") == "file") throw refusal("skill_github_file", folder);
  if (!broken && document.IsObject() && text(document, "type") == "symlink")
    throw refusal("skill_link_refused", folder);
  if (!broken && document.IsObject() && text(document, "type") == "submodule") {
    throw refusal("skill_submodule_refused", folder);
  }
  if (broken || !document.IsArray()) throw refusal("skill_github_answer", folder);
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
  const auto sum = entry.sha.size() == kSha256Digits ? sha256Hex({head, zero, bytes}) : sha1Hex({head, zero, bytes});
  return sum == entry.sha;
}

}  // namespace skills
