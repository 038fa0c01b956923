#include "storage/skill_files.hpp"

#include <mortise/digest.hpp>
#include <mortise/json.hpp>
#include <mortise/problem.hpp>

#include <algorithm>
#include <stdexcept>

#include "bundle/path_rules.hpp"
#include "disk/disk_file.hpp"
#include "reading/front_matter.hpp"
#include "reading/manifest_reader.hpp"
#include "text/json_text.hpp"
#include "text/tokens.hpp"

namespace skills {
namespace {

namespace json = mortise::json;

constexpr const char* kRecord = "meta.json";
constexpr const char* kManifest = "manifest.json";
constexpr const char* kMain = "SKILL.md";
constexpr const char* kIndex = "bundle_index.json";
constexpr const char* kProvenance = "source.json";
constexpr const char* kBundle = "bundle";

// What is written is far smaller; another program may have written here.
constexpr std::size_t kMaxRecord = 64 << 10;
constexpr std::size_t kMaxJson = 4 << 20;

std::string read(int directory, const char* name, std::size_t most) {
  auto bytes = disk::read(directory, name, most);
  if (!bytes) throw std::runtime_error(std::string(name) + " is missing");
  return *std::move(bytes);
}

rapidjson::Document readJson(int directory, const char* name, std::size_t most) {
  rapidjson::Document document;
  if (!parseJson(read(directory, name, most), document) || !(document.IsObject() || document.IsArray()))
    throw std::runtime_error(std::string(name) + " is no JSON");
  return document;
}

// The manifest's own keys, then what the installation adds.
std::string storedManifest(const NewSkill& skill) {
  return json::from(skill.manifest)
      .add("bundle_file_count", skill.bundle ? skill.bundle->files().size() : 0)
      .add("context_ref_count", skill.contextReferences)
      .add("last_sync_at", skill.lastSyncAt)
      .add("context_blob", skill.contextBlob)
      .build()
      .text();
}

std::vector<std::string> tokensOf(const SkillContent& content) {
  std::vector<std::string> out;
  const auto take = [&](std::string_view text) {
    eachToken(text, [&](std::string_view token) { out.emplace_back(token); });
  };
  const auto& manifest = content.manifest;
  for (const auto* text : {&manifest.name, &manifest.slug, &manifest.description}) take(*text);
  take(content.contextBlob.empty() ? content.skillMd : content.contextBlob);
  for (const auto& tool : manifest.tools) {
    take(tool.name);
    take(tool.description);
  }
  for (const auto& keyword : manifest.keywords) take(keyword);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

bool isNormalised(const std::string& path) {
  try {
    return normalisedPath(path) == path;
  } catch (const mortise::Problem&) {
    return false;
  }
}

Manifest readManifest(const std::string& text) {
  try {
    return manifestFromDisk(text);
  } catch (const mortise::Problem& problem) {
    throw std::runtime_error(std::string(kManifest) + ": " + problem.code());
  }
}

std::string bodyOf(const std::string& skillMd) {
  try {
    return std::string(readFrontMatter(skillMd).body);
  } catch (const mortise::Problem& problem) {
    throw std::runtime_error(std::string(kMain) + ": " + problem.code());
  }
}

}  // namespace

std::vector<BundleEntry> entriesOf(const Bundle& bundle) {
  std::vector<BundleEntry> out;
  out.reserve(bundle.files().size());
  for (const auto& file : bundle.files())
    out.push_back({file.path, file.bytes.size(), mortise::sha256Hex({file.bytes}), file.isText});
  return out;
}

void writeContent(int directory, const NewSkill& skill) {
  disk::writeNew(directory, kManifest, storedManifest(skill));
  disk::writeNew(directory, kMain, skill.skillMd);
  writeProvenance(directory, skill.provenance);
  const auto entries = skill.bundle ? entriesOf(*skill.bundle) : std::vector<BundleEntry>();
  disk::writeNew(directory, kIndex, json::list(entries).text());
  if (!skill.bundle) return;
  const auto root = disk::ensureDirectory(directory, kBundle);
  for (const auto& file : skill.bundle->files()) {
    std::string name;
    const auto folder = disk::ensureFolderOf(root.get(), file.path, name);
    disk::writeNew(folder.get(), name, file.bytes);
  }
  disk::syncFolders(root.get());
}

void writeRecord(int directory, const SkillRecord& record) {
  disk::replace(directory, kRecord, json::value(record).text());
}

void writeProvenance(int directory, const Provenance& provenance) {
  disk::replace(directory, kProvenance, json::value(provenance).text());
}

SkillRecord readRecord(int directory, std::string_view id) {
  auto out = readEntity<SkillRecord>(readJson(directory, kRecord, kMaxRecord));
  if (out.id != id) throw std::runtime_error(std::string(kRecord) + " names another skill");
  if (out.slug.empty() || out.revision.empty()) throw std::runtime_error(std::string(kRecord) + " is incomplete");
  return out;
}

SkillContent readContent(int directory) {
  SkillContent out;
  const auto text = read(directory, kManifest, kMaxJson);
  rapidjson::Document stored;
  if (!parseJson(text, stored) || !stored.IsObject()) throw std::runtime_error(std::string(kManifest) + " is no JSON");
  out.contextBlob = textMember(stored, "context_blob");
  readMember(stored, "context_ref_count", out.contextReferences);
  out.lastSyncAt = textMember(stored, "last_sync_at");
  stored.RemoveMember("context_blob");
  out.manifest = readManifest(toJsonText(stored));
  out.skillMd = read(directory, kMain, kMaxFileBytes);
  out.body = bodyOf(out.skillMd);
  const auto index = readJson(directory, kIndex, kMaxJson);
  if (!index.IsArray()) throw std::runtime_error(std::string(kIndex) + " is no list");
  for (const auto& entry : index.GetArray()) {
    out.files.push_back(readEntity<BundleEntry>(entry));
    if (!isNormalised(out.files.back().path))
      throw std::runtime_error(std::string(kIndex) + " has a path that leads out");
  }
  out.tokens = tokensOf(out);
  return out;
}

Provenance readProvenance(int directory) { return readEntity<Provenance>(readJson(directory, kProvenance, kMaxJson)); }

std::string readBundled(int directory, const BundleEntry& entry) {
  auto bytes = disk::readPath(directory, std::string(kBundle) + "/" + entry.path, kMaxFileBytes);
  if (!bytes) throw std::runtime_error(entry.path + " is missing");
  if (mortise::sha256Hex({*bytes}) != entry.sha256) throw std::runtime_error(entry.path + " is not what was installed");
  return *std::move(bytes);
}

}  // namespace skills
