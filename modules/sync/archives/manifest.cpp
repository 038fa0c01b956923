#include "archives/manifest.hpp"

#include <mortise/git_remote.hpp>
#include <mortise/text.hpp>
#include <mortise/white_space.hpp>

#include <algorithm>
#include <string_view>
#include <utility>

#include "archives/untrusted_json.hpp"
#include "utf8.hpp"

namespace session_sharing {
namespace {

using rapidjson::Value;

// Characters.
constexpr std::size_t kMaxTool = 50;
constexpr std::size_t kMaxVersion = 50;
constexpr std::size_t kMaxModel = 200;
constexpr std::size_t kMaxId = 200;
constexpr std::size_t kMaxPersona = 50;
constexpr std::size_t kMaxTicket = 64;
constexpr std::size_t kMaxContext = 64;
constexpr std::size_t kMaxTag = 50;
constexpr std::size_t kMaxTags = 100;
constexpr std::size_t kMaxTitle = 1000;
constexpr std::size_t kMaxRemote = 500;
constexpr std::size_t kMaxBranch = 255;
constexpr std::size_t kMaxCommit = 64;
constexpr std::size_t kMaxHash = 128;
constexpr std::size_t kMaxArtifacts = std::size_t{64} << 10;  // bytes

// Trimmed and cut; nothing when that leaves nothing.
std::optional<std::string> shortText(const Value& object, const char* name, std::size_t most) {
  const auto text = mortise::withoutSpaceAround(textMember(object, name));
  return mortise::orNull(mortise::withoutSpaceAround(utf8::storable(text, most)));
}

// Clients write this where no model answered.
std::optional<std::string> modelText(const Value& model, const char* name) {
  auto text = shortText(model, name, kMaxModel);
  if (text && (*text == "synthetic" || *text == "<synthetic>")) text.reset();
  return text;
}

std::int64_t countOf(const Value& stats, const char* name) {
  return std::max<std::int64_t>(numberMember(stats, name).value_or(0), 0);
}

std::vector<std::string> tagsOf(const Value& manifest) {
  std::vector<std::string> tags;
  const auto* list = memberOf(manifest, "tags");
  if (list == nullptr || !list->IsArray()) return tags;
  for (const auto& tag : list->GetArray()) {
    if (tags.size() == kMaxTags) break;
    auto text = utf8::storable(mortise::withoutSpaceAround(textOf(tag)), kMaxTag);
    if (text.empty() || std::find(tags.begin(), tags.end(), text) != tags.end()) continue;
    tags.push_back(std::move(text));
  }
  return tags;
}

void readProvenance(const Value& provenance, SessionMetadata& into) {
  into.rulesSource = shortText(provenance, "rules_source", kMaxTool);
  into.rulesVersion = numberMember(provenance, "rules_version");
  into.rulesHash = shortText(provenance, "rules_hash", kMaxHash);
  if (into.rulesHash) into.rulesHash->erase(0, into.rulesHash->find(':') + 1);  // npos + 1 is 0: no algorithm
  if (into.rulesHash && into.rulesHash->empty()) into.rulesHash.reset();
  const auto* artifacts = memberOf(provenance, "instruction_artifacts");
  if (artifacts == nullptr || !artifacts->IsArray()) return;
  auto text = jsonTextOf(*artifacts);
  if (text.size() <= kMaxArtifacts && utf8::isText(text)) into.instructionArtifacts = std::move(text);
}

const Value& memberOrNull(const Value& object, const char* name) {
  static const Value kNull;
  const auto* member = memberOf(object, name);
  return member == nullptr ? kNull : *member;
}

}  // namespace

std::optional<ManifestTitle> readManifest(std::string text, SessionMetadata& into) {
  rapidjson::Document manifest;
  if (!parseInPlace(text, manifest) || !manifest.IsObject()) return std::nullopt;
  const auto& source = memberOrNull(manifest, "source");
  into.sourceTool = shortText(source, "tool", kMaxTool).value_or(into.sourceTool);
  into.sourceToolVersion = shortText(source, "tool_version", kMaxVersion);
  into.originalSessionId = shortText(source, "original_session_id", kMaxId);
  const auto& model = memberOrNull(manifest, "model");
  into.modelProvider = modelText(model, "provider");
  into.modelId = modelText(model, "model_id");
  const auto& stats = memberOrNull(manifest, "stats");
  into.messageCount = countOf(stats, "message_count");
  into.turnCount = countOf(stats, "turn_count");
  into.toolUseCount = countOf(stats, "tool_use_count");
  into.totalInputTokens = countOf(stats, "total_input_tokens");
  into.totalOutputTokens = countOf(stats, "total_output_tokens");
  into.durationMs = numberMember(stats, "duration_ms");
  into.tags = tagsOf(manifest);
  into.parentSessionId = shortText(manifest, "parent_session_id", kMaxId);
  if (!into.parentSessionId) into.parentSessionId = shortText(manifest, "_resume_parent_id", kMaxId);
  into.personaName = shortText(manifest, "persona_name", kMaxPersona);
  into.ticketId = shortText(manifest, "ticket_id", kMaxTicket);
  into.retrievalAuditId = shortText(manifest, "retrieval_audit_id", kMaxContext);
  readProvenance(memberOrNull(manifest, "instruction_provenance"), into);
  return ManifestTitle{utf8::storable(textMember(manifest, "title"), kMaxTitle)};
}

void readWorkspace(std::string text, SessionMetadata& into) {
  rapidjson::Document workspace;
  if (!parseInPlace(text, workspace)) return;
  const auto& git = memberOrNull(workspace, "git");
  if (const auto remote = shortText(git, "remote_url", kMaxRemote)) into.gitRemote = mortise::normalisedRemote(*remote);
  into.gitBranch = shortText(git, "branch", kMaxBranch);
  into.gitCommit = shortText(git, "commit_sha", kMaxCommit);
}

}  // namespace session_sharing
